/**
 * The engines of this peer: WebAssembly always (it also gathers results), the others when its owner sells them, each in a sandbox.
 * What only sellers use is loaded only by them.
 */
import type { ProcessPort } from '../executor/runner/process-port.ts'
import { createWasmEngine } from '../executor/wasm/engine.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Clock, Engine, Files, Logger, Startable } from '../protocol/ports/index.ts'
import type { Config } from './home/config.ts'
import type { HomeLayout } from './home/layout.ts'

export interface EngineParts {
  readonly clock: Clock
  readonly log: Logger
  readonly files: Files
  readonly config: Config
  readonly home: HomeLayout
}

export type EngineId = Config['provider']['engines'][number]
type NativeId = Exclude<EngineId, 'wasm' | 'container'>

/** How an engine is brought onto this machine. */
export const INSTALL: Readonly<Record<EngineId, string>> = {
  wasm: 'It is built in.',
  onnx: 'Run: shoal engine add onnx',
  blender:
    'Install Blender, so that the command blender is found: apt-get install --no-install-recommends blender',
  container:
    'Install podman (apt-get install --no-install-recommends podman runc), run the peer as root, and set provider.containers.enabled.'
}

/** Where packs lie: of the configuration, else in the home. */
export const enginesFolder = (config: Pick<Config, 'provider'>, home: Pick<HomeLayout, 'engines'>): string =>
  config.provider.enginesFolder ?? home.engines

const missing = (id: EngineId): ShoalError =>
  new ShoalError('ENGINE_MISSING', `provider.engines names ${id}, which is not installed`, {
    data: { engine: id },
    next: `${INSTALL[id]} Or take it out of provider.engines.`
  })

/** Processes in a sandbox that passed its self-test; undefined where there is none. */
async function openSandbox({ clock, log }: EngineParts): Promise<ProcessPort | undefined> {
  const { findSandbox, isMissing, testSandbox } = await import('../executor/adapters/find-sandbox.ts')
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
      found.prlimit === undefined
        ? 'no process groups: memory is limited by the engines alone'
        : 'no process groups: memory is limited for each process of a task alone, cores are not'
    )
  const { boxedProcesses } = await import('../executor/adapters/box-process.ts')
  return boxedProcesses(found)
}

const natives: Readonly<Record<NativeId, (parts: EngineParts, process: ProcessPort) => Promise<Engine>>> = {
  onnx: async ({ clock, log, files, config, home }, process) => {
    const { OnnxEngine } = await import('../executor/onnx/engine.ts')
    const { onnxPack } = await import('../executor/packs/onnx-pack.ts')
    const { findPack } = await import('../executor/packs/pack.ts')
    const pack = await findPack(files, enginesFolder(config, home), onnxPack)
    if (pack === undefined) throw missing('onnx')
    return new OnnxEngine({ clock, log, process, boxed: true, pack, version: onnxPack.version })
  },
  blender: async ({ clock, log }, process) => {
    const { findBlender } = await import('../executor/adapters/blender-program.ts')
    const { BlenderEngine } = await import('../executor/blender/engine.ts')
    const found = await findBlender()
    if (found === undefined) throw missing('blender')
    return new BlenderEngine({ clock, log, process, boxed: true, ...found })
  }
}

/** ENGINE_MISSING when the owner has not turned it on or something is missing; ENGINE_BROKEN when a container does not keep its program in. */
async function openContainer({ clock, log, config }: EngineParts): Promise<Engine> {
  const { enabled, gpu, ...policy } = config.provider.containers
  if (!enabled)
    throw new ShoalError('ENGINE_MISSING', 'provider.engines names container, which is not turned on', {
      next: 'Set provider.containers.enabled: it lets strangers run native programs. Or take it out of provider.engines.'
    })
  const { isMissing } = await import('../executor/adapters/find-sandbox.ts')
  const { findContainers, openContainers } = await import('../executor/container/adapters/open.ts')
  const host = await findContainers()
  if (isMissing(host))
    throw new ShoalError('ENGINE_MISSING', `provider.engines names container, but ${host.what}`, {
      next: host.next
    })
  return await openContainers({ clock, log, host, policy, gpu })
}

/**
 * By id. Only sellers look for a sandbox: what a requester runs for itself is its own. A native engine without one is left out, which
 * the log says. ENGINE_MISSING for one that the configuration names and the machine lacks.
 */
export async function openEngines(given: EngineParts): Promise<ReadonlyMap<string, Engine>> {
  const parts = { ...given, log: given.log.child({ room: 'executor' }) }
  const { clock, log, config } = parts
  // an arbiter runs strangers' tasks as a seller does
  const sells = config.profile === 'full' && (config.provider.enabled || config.arbiter.enabled)
  const process = sells ? await openSandbox(parts) : undefined
  const wasm = createWasmEngine({ clock, log, process, boxed: process !== undefined })
  const engines = new Map<string, Engine>([[wasm.id, wasm]])
  for (const id of new Set(sells ? config.provider.engines : [])) {
    if (id === 'wasm') continue
    if (id === 'container') engines.set(id, await openContainer(parts))
    else if (process !== undefined) engines.set(id, await natives[id](parts, process))
    else
      log.error({ engine: id, next: 'shoal doctor tells what is missing' }, 'not offered: it needs a sandbox')
  }
  return engines
}

/** Ends what the engines hold, when the peer stops. */
export const closing = (engines: ReadonlyMap<string, Engine>): Startable => ({
  start: async () => undefined,
  stop: async () => {
    for (const engine of engines.values()) await engine.close?.()
  }
})
