import type { Arch } from '../../src/executor/sandbox/seccomp/syscalls.ts'
import { everyCall } from './every-call.ts'
import { files } from './files.ts'
import { kernelPrograms, x64 } from './kernel.ts'
import type { Program } from './program.ts'
import { resources } from './resources.ts'

/** Programs that end by themselves at once when they are kept in. */
export const quickPrograms = (arch: Arch): readonly Program[] => [
  ...files,
  ...kernelPrograms,
  ...(arch === 'x64' ? x64 : [])
]

export const programsFor = (arch: Arch): readonly Program[] => [
  ...quickPrograms(arch),
  everyCall(arch),
  ...resources
]
