/** The engines of this peer, each in the best sandbox that this machine offers. */
import { findSandbox, isMissing, testSandbox } from '../executor/adapters/find-sandbox.ts'
import { boxedProcesses } from '../executor/adapters/box-process.ts'
import type { ProcessPort } from '../executor/runner/process-port.ts'
import { createWasmEngine } from '../executor/wasm/engine.ts'
import type { Clock, Engine, Logger, Startable } from '../protocol/ports/index.ts'
import type { Config } from './home/config.ts'

export interface EngineParts {
  readonly clock: Clock
  readonly log: Logger
  readonly config: Config
}

/**
 * Processes in a sandbox that passed its self-test; undefined where there is none. Only sellers look for it: what a requester runs
 * for itself is its own.
 */
async function openSandbox({ clock, log, config }: EngineParts): Promise<ProcessPort | undefined> {
  if (config.profile !== 'full' || !config.provider.enabled) return undefined
  const found = await findSandbox()
  if (isMissing(found)) {
    const message = 'no sandbox: wasm tasks run in a limited process each, and the advert says so'
    log.warn({ reason: found.what, next: found.next }, message)
    return undefined
  }
  const test = await testSandbox(found, clock)
  if (!test.passed) {
    const next = 'shoal doctor tells how to mend it'
    log.error({ failed: test.failed, next }, 'the sandbox of this machine does not hold, so it is not used')
    return undefined
  }
  if (found.groups.kind === 'none')
    log.warn(
      { next: 'shoal doctor tells how to get one' },
      'no process groups: memory is limited by the engines alone'
    )
  return boxedProcesses(found)
}

/** By id. An engine whose isolation is not given here is left out. */
export async function openEngines(parts: EngineParts): Promise<ReadonlyMap<string, Engine>> {
  const { clock } = parts
  const log = parts.log.child({ room: 'executor' })
  const process = await openSandbox({ ...parts, log })
  const wasm = createWasmEngine({ clock, log, process, boxed: process !== undefined })
  return new Map([[wasm.id, wasm]])
}

/** Ends what the engines hold, when the peer stops. */
export const closing = (engines: ReadonlyMap<string, Engine>): Startable => ({
  start: async () => undefined,
  stop: async () => {
    for (const engine of engines.values()) await engine.close?.()
  }
})
