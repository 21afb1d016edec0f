/** Runs an endless task until it is killed; prints `running` when the task has begun. */
import { createWasmEngine } from '../../src/executor/wasm/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { noLog, recorder, request } from './tasks.ts'
import { DROP, command, forever, i32 } from './wasm.ts'

const engine = createWasmEngine({ clock: systemClock, log: noLog })
const module = command({
  imports: ['fd_write'],
  data: [
    [0, Uint8Array.of(16, 0, 0, 0, 6, 0, 0, 0)],
    [16, 'begun\n']
  ],
  body: call => [...i32(1), ...i32(0), ...i32(1), ...i32(8), ...call('fd_write'), DROP, ...forever()]
})
const signal = new AbortController().signal
const prepared = await engine.prepare(request({ module, limits: { gas: 10n ** 18n } }), signal)
await prepared.run({ ...recorder(), onLog: () => console.log('running') }, signal)
