/**
 * The runner's second thread. The first one runs the task and hears nothing meanwhile, so this one listens to the engine, a byte at a
 * time: `GO` starts the task, `NEXT` announces another one, and the end of the pipe, which means that the engine is gone, ends the
 * process. It reads nothing that is meant for the first thread, which reads the task itself.
 */
import { readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { GO, NEXT } from '../runner/frames.ts'

const given: unknown = workerData
if (!(given instanceof Int32Array)) throw new Error('The watchdog was started without its flag.')
const heard = given
const pause = new Int32Array(new SharedArrayBuffer(4))

/** The next byte; 0 at the end of the pipe. */
function nextByte(): number {
  const byte = new Uint8Array(1)
  for (;;) {
    try {
      return readSync(0, byte, 0, 1, null) === 0 ? 0 : (byte[0] ?? 0)
    } catch (e) {
      if (!(e instanceof Error && 'code' in e && e.code === 'EAGAIN')) return 0
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}

parentPort?.on('message', () => {
  for (;;) {
    const byte = nextByte()
    if (byte !== GO && byte !== NEXT) process.kill(process.pid, 'SIGKILL')
    Atomics.store(heard, 0, byte)
    Atomics.notify(heard, 0)
    if (byte === NEXT) return
  }
})
parentPort?.postMessage('up')
