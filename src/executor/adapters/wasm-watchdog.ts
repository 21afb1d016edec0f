/**
 * The runner's second thread. The first one runs the guest and hears nothing meanwhile, so this one listens to the engine:
 * a byte starts the task, and the end of the pipe, which means that the engine is gone, ends the process.
 */
import { Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const flag: unknown = workerData
if (!(flag instanceof Int32Array)) throw new Error('The watchdog was started without its flag.')
const started = flag

const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

parentPort?.once('message', () => {
  const pipe = new Socket({ fd: 0, readable: true, writable: false })
  pipe.on('data', () => {
    Atomics.store(started, 0, 1)
    Atomics.notify(started, 0)
  })
  pipe.once('error', die)
  pipe.once('close', die)
})
parentPort?.postMessage('up')
