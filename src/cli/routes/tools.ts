/** What helps around the other commands. */
import { buildCommand } from '@stricli/core'
import type { Cli } from '../context.ts'
import { arg } from './flags.ts'

const completion = buildCommand<object, [string], Cli>({
  loader: async () => (await import('../commands/completion.ts')).completion,
  parameters: {
    flags: {},
    positional: { kind: 'tuple', parameters: [arg('bash, zsh or fish', 'SHELL')] }
  },
  docs: {
    brief: 'Print the completion script of a shell',
    fullDescription: [
      'Commands and flags complete with the Tab key.',
      '',
      'Examples:',
      '  source <(shoal completion bash)                                 # this shell only',
      '  shoal completion bash > ~/.local/share/bash-completion/completions/shoal',
      '  shoal completion zsh > "${fpath[1]}/_shoal"',
      '  shoal completion fish > ~/.config/fish/completions/shoal.fish'
    ].join('\n')
  }
})

export const toolRoutes = { completion }
