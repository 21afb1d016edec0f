import { boxedProcesses } from '../../src/executor/adapters/box-process.ts'
import type { SandboxHost } from '../../src/executor/sandbox/host.ts'
import { createWasmEngine } from '../../src/executor/wasm/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { isShoalError } from '../../src/protocol/errors.ts'
import type { Engine, RunOutcome } from '../../src/protocol/ports/engine.ts'
import { noLog, recorder, request } from '../support/tasks.ts'
import type { HostileModule } from './modules.ts'
import { nothingLeft, type Verdict } from './trial.ts'

export const boxedWasm = (host: SandboxHost): Engine =>
  createWasmEngine({ clock: systemClock, log: noLog, process: boxedProcesses(host), boxed: true })

function tell(outcome: RunOutcome): string {
  if (outcome.status === 'limit') return outcome.limit
  if (outcome.status === 'done') return 'done'
  return outcome.reason.startsWith('trap') ? 'trap' : `exit ${outcome.exitCode}`
}

/** Runs a hostile module through the engine as any task; how it ended must be one of those it names. */
export async function tryModule(
  engine: Engine,
  { name, module, limits, want }: HostileModule
): Promise<Verdict> {
  const never = new AbortController().signal
  let said: string
  try {
    const run = await engine.prepare(request({ module, limits }), never)
    try {
      said = tell(await run.run(recorder(), never))
    } finally {
      await run.dispose()
    }
  } catch (e) {
    if (!isShoalError(e)) throw e
    said = e.code
  }
  const left = await nothingLeft()
  if (left.length > 0) return { name, ok: false, said: `left behind: ${left.join(', ')}` }
  return { name, ok: want.split('|').includes(said), said }
}
