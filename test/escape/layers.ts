/** Each layer of the sandbox taken away in turn: which of the programs then gets out. Only those that do no harm when they do. */
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { boxedProcesses } from '../../src/executor/adapters/box-process.ts'
import { startRunner } from '../../src/executor/runner/prepare.ts'
import type { WithoutLayers } from '../../src/executor/sandbox/box.ts'
import type { SandboxHost } from '../../src/executor/sandbox/host.ts'
import { WASM_BOX } from '../../src/executor/wasm/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { isShoalError } from '../../src/protocol/errors.ts'
import { noLog } from '../support/tasks.ts'
import { native } from './boxes.ts'
import { programsFor } from './list.ts'
import { attempt, type Stage } from './trial.ts'

export interface Layer {
  readonly name: keyof WithoutLayers
  /** Programs that this layer stops. */
  readonly stops: readonly string[]
}

export const layers: readonly Layer[] = [
  { name: 'uid', stops: ['opens the place of that name for writing'] },
  { name: 'namespaces', stops: ['sees processes of the host', 'looks at the host by its interfaces'] },
  {
    name: 'seccomp',
    stops: ['opens a socket of every family and type', 'makes a ring of asynchronous calls']
  },
  { name: 'cgroup', stops: ['has more processes than it may'] },
  { name: 'quota', stops: ['fills its output folder'] }
]

/** Those that this machine has: a peer that is not root has no user to drop to, and some hosts have no process groups. */
export const layersOf = ({ privileged, groups }: SandboxHost): readonly Layer[] =>
  layers.filter(
    ({ name }) => !(name === 'uid' && !privileged) && !(name === 'cgroup' && groups.kind === 'none')
  )

/** Names of the programs that got out, without the layer or with all of them. */
export async function escapes(stage: Stage, layer: Layer, removed: boolean): Promise<readonly string[]> {
  const without: WithoutLayers = removed ? { [layer.name]: true } : {}
  const out: string[] = []
  for (const program of programsFor(stage.host.arch).filter(p => layer.stops.includes(p.name)))
    if (!(await attempt(stage, native, program, without)).ok) out.push(program.name)
  return out
}

/** Programs that a limit for single processes must stop as well, where a machine has no process groups. */
export const LAST_RESORT = [
  'has more processes than it may',
  'takes twice the memory it may have',
  'memory bomb'
]

/** The same stage on a machine without process groups. */
export const withoutGroups = (stage: Stage): Stage => ({
  ...stage,
  host: { ...stage.host, groups: { kind: 'none', open: () => Promise.reject(new Error('none here')) } }
})

/**
 * A folder that the box shows is exchanged for another while the sandbox is being built, as a local program may do that can write
 * beside it. True when the runner was started all the same.
 */
export async function exchangedFolderGetsIn(stage: Stage, without: WithoutLayers): Promise<boolean> {
  const place = await mkdtemp(join(stage.folder, 'race-'))
  await chmod(place, 0o777)
  for (const name of ['pack', 'evil']) await mkdir(join(place, name), { mode: 0o755 })
  // stands where bubblewrap stands: everything has been opened and looked at when it runs
  const racer = join(place, 'racer')
  await writeFile(
    racer,
    `#!/bin/sh\nmv ${place}/pack ${place}/old && ln -s evil ${place}/pack && exec ${stage.host.bwrap} "$@"\n`
  )
  await chmod(racer, 0o755)
  const process = boxedProcesses({ ...stage.host, bwrap: racer }, without)
  const box = { ...WASM_BOX, reads: [{ host: join(place, 'pack'), inside: '/shoal/pack' }] }
  try {
    const parts = { clock: systemClock, log: noLog, process }
    const link = await startRunner(
      parts,
      { script: 'wasm-runner', flags: [], permissions: 'closed', box },
      undefined
    )
    await link.close()
    return true
  } catch (e) {
    if (isShoalError(e, 'ENGINE_BROKEN') && e.message.includes('/shoal/pack')) return false
    throw e
  }
}
