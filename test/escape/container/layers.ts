/** Each layer of a container taken away in turn: which of the programs then gets out. Only those that do no harm when they do. */
import type { OpenLayers } from '../../../src/executor/container/run-command.ts'
import { containerPrograms } from './programs.ts'
import { attemptContained, type ContainerStage } from './trial.ts'

export interface ContainerLayer {
  readonly name: keyof OpenLayers
  /** Programs that this layer stops; each must get out without it. */
  readonly stops: readonly string[]
}

export const containerLayers: readonly ContainerLayer[] = [
  {
    name: 'seccomp',
    stops: ['opens a socket of every family and type', 'makes a user namespace of its own']
  },
  { name: 'user', stops: ['becomes root', 'reads what the image keeps for root'] },
  { name: 'limits', stops: ['has more processes than it may'] },
  { name: 'network', stops: ['looks at the host by its interfaces'] },
  { name: 'processes', stops: ['sees processes of the host'] },
  { name: 'quota', stops: ['fills its output folder', 'fills the folder of temporary files'] },
  { name: 'readOnly', stops: ['writes into a folder of the image that is open to all'] },
  { name: 'capabilities', stops: ['finds a process with more rights than its own'] },
  { name: 'privileges', stops: ['becomes root by a program of the image'] }
]

/** Names of the programs that got out, without the layer or with all of them. */
export async function escapesContainer(
  stage: ContainerStage,
  { name, stops }: ContainerLayer,
  removed: boolean
): Promise<readonly string[]> {
  const out: string[] = []
  for (const program of containerPrograms().filter(p => stops.includes(p.name))) {
    const { said } = await attemptContained(stage, program, removed ? { [name]: true } : {})
    if (said.startsWith('ESCAPED')) out.push(program.name)
  }
  return out
}
