/** The engines of this home: what is here, what is sold, and how to bring what is missing. */
import { findBlender } from '../../executor/adapters/blender-program.ts'
import { findContainers } from '../../executor/container/adapters/open.ts'
import { isMissing } from '../../executor/adapters/find-sandbox.ts'
import { onnxPack } from '../../executor/packs/onnx-pack.ts'
import { findPack } from '../../executor/packs/pack.ts'
import { enginesFolder, INSTALL, type EngineId } from '../../peer/engines.ts'
import type { Config } from '../../peer/home/config.ts'
import type { HomeLayout } from '../../peer/home/layout.ts'
import type { Files } from '../../protocol/ports/files.ts'
import { bad, note, ok, type Finding } from './check.ts'

export interface EngineState {
  readonly id: EngineId
  /** Absent when the engine is not here. */
  readonly version?: string
  readonly sold: boolean
  /** How to bring it. */
  readonly next?: string
}

export async function engineStates(
  files: Pick<Files, 'stat'>,
  config: Config,
  layout: Pick<HomeLayout, 'engines'>
): Promise<EngineState[]> {
  const pack = await findPack(files, enginesFolder(config, layout), onnxPack)
  const containers = await findContainers()
  const versions: Readonly<Record<EngineId, string | undefined>> = {
    wasm: 'built in',
    onnx: pack === undefined ? undefined : onnxPack.version,
    blender: (await findBlender())?.version,
    container: isMissing(containers) ? undefined : containers.version
  }
  const ids: readonly EngineId[] = ['wasm', 'onnx', 'blender', 'container']
  return ids.map(id => {
    const version = versions[id]
    const sold = config.provider.engines.includes(id)
    return version === undefined ? { id, sold, next: INSTALL[id] } : { id, version, sold }
  })
}

/** One that is sold and missing keeps the peer from starting; others are for the owner to know. */
export function checkEngines(states: readonly EngineState[]): Finding[] {
  return states.flatMap(({ id, version, sold, next }) => {
    const name = `engine ${id}`
    if (version === undefined && sold)
      return [bad(name, 'in provider.engines, but not installed', next ?? '')]
    if (version === undefined) return [note(name, 'not installed', next)]
    return [ok(name, `${version}${sold ? ', sold' : ''}`)]
  })
}
