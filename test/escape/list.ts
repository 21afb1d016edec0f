import type { Arch } from '../../src/executor/sandbox/seccomp/syscalls.ts'
import { files } from './files.ts'
import { kernelPrograms, x64 } from './kernel.ts'
import type { Program } from './program.ts'
import { resources } from './resources.ts'

export const programsFor = (arch: Arch): readonly Program[] => [
  ...files,
  ...kernelPrograms,
  ...(arch === 'x64' ? x64 : []),
  ...resources
]
