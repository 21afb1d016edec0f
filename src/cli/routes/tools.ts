/** What helps around the other commands. */
import { buildCommand } from '@stricli/core'
import type { Cli } from '../context.ts'
import { docs } from './docs.ts'
import { arg, flag, homeFlags, jsonFlag } from './flags.ts'
import type { CommonFlags } from './jobs.ts'

const completion = buildCommand<object, [string], Cli>({
  loader: async () => (await import('../commands/completion.ts')).completion,
  parameters: {
    flags: {},
    positional: { kind: 'tuple', parameters: [arg('bash, zsh or fish', 'SHELL')] }
  },
  docs: docs(
    'Print the completion script of a shell',
    ['Commands and flags complete with the Tab key.'],
    [
      'source <(shoal completion bash)                                 # this shell only',
      'shoal completion bash > ~/.local/share/bash-completion/completions/shoal',
      'shoal completion zsh > "${fpath[1]}/_shoal"',
      'shoal completion fish > ~/.config/fish/completions/shoal.fish'
    ]
  )
})

export interface DoctorFlags extends CommonFlags {
  readonly measure: boolean
}
const doctor = buildCommand<DoctorFlags, [], Cli>({
  loader: async () => (await import('../commands/doctor.ts')).doctor,
  parameters: {
    flags: {
      ...homeFlags,
      ...jsonFlag,
      measure: flag('Measure processor, memory, disk and GPU (some seconds)')
    }
  },
  docs: docs(
    'Say what is missing, and the command that mends it',
    [
      'Looks at Node, the environment, the disk, the GPUs, the home, its configuration and keys, engines, sandbox, peer, chain, money.',
      'Of a running provider: what others have proven of it, and the classes that follow. --measure is this machine by its own word.',
      'Changes nothing, asks nothing. Exit code 0: nothing is in the way; 1: something is; 4: keys or funds are.'
    ],
    ['shoal doctor', 'shoal doctor --home /srv/shoal --json | jq ".findings[] | select(.state != \"ok\")"']
  )
})

export const toolRoutes = { doctor, completion }
