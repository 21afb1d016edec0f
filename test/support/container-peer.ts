/** A process that runs an endless task in a container, and says so: for tests that kill it. */
import { containerProcesses } from '../../src/executor/container/adapters/container-process.ts'
import { ContainerEngine } from '../../src/executor/container/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { shellImage } from './container.ts'
import { dataTask } from './onnx.ts'
import { noLog } from './tasks.ts'

const engine = new ContainerEngine({
  ...{ clock: systemClock, log: noLog, process: containerProcesses('x64'), version: '0.0.0' },
  policy: { images: [], uploads: true }
})
const { signal } = new AbortController()
const args = ['/bin/sh', '-c', 'echo running; while true; do :; done']
const run = await engine.prepare(dataTask({ module: shellImage(), files: new Map(), args }), signal)
await run.run(
  {
    onProgress: () => undefined,
    onLog: (_, line) => console.log(line),
    onCheckpoint: async () => undefined
  },
  signal
)
