/** The engines of this peer: WebAssembly always (it also gathers results), the others when its owner sells them. */
import { BlenderEngine } from '../executor/blender/engine.ts'
import { findBlender } from '../executor/adapters/blender-program.ts'
import { OnnxEngine } from '../executor/onnx/engine.ts'
import { onnxPack } from '../executor/packs/onnx-pack.ts'
import { findPack } from '../executor/packs/pack.ts'
import { createWasmEngine } from '../executor/wasm/engine.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Clock, Engine, Files, Logger } from '../protocol/ports/index.ts'
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

/** How an engine is brought onto this machine. */
export const INSTALL: Readonly<Record<EngineId, string>> = {
  wasm: 'It is built in.',
  onnx: 'Run: shoal engine add onnx',
  blender:
    'Install Blender, so that the command blender is found: apt-get install --no-install-recommends blender'
}

/** Where packs lie: of the configuration, else in the home. */
export const enginesFolder = (config: Pick<Config, 'provider'>, home: Pick<HomeLayout, 'engines'>): string =>
  config.provider.enginesFolder ?? home.engines

const missing = (id: EngineId): ShoalError =>
  new ShoalError('ENGINE_MISSING', `provider.engines names ${id}, which is not installed`, {
    data: { engine: id },
    next: `${INSTALL[id]} Or take it out of provider.engines.`
  })

const makers: Readonly<Record<EngineId, (parts: EngineParts) => Promise<Engine>>> = {
  wasm: async ({ clock, log }) => createWasmEngine({ clock, log }),
  onnx: async ({ clock, log, files, config, home }) => {
    const pack = await findPack(files, enginesFolder(config, home), onnxPack)
    if (pack === undefined) throw missing('onnx')
    return new OnnxEngine({ clock, log, pack, version: onnxPack.version })
  },
  blender: async ({ clock, log }) => {
    const found = await findBlender()
    if (found === undefined) throw missing('blender')
    return new BlenderEngine({ clock, log, ...found })
  }
}

/** ENGINE_MISSING for one that the configuration names and the machine lacks. */
export async function makeEngines(parts: EngineParts): Promise<ReadonlyMap<string, Engine>> {
  const { profile, provider } = parts.config
  const sold = profile === 'full' && provider.enabled ? provider.engines : []
  const engines = new Map<string, Engine>()
  for (const id of new Set<EngineId>(['wasm', ...sold])) engines.set(id, await makers[id](parts))
  return engines
}
