import { ShoalError } from '../../protocol/errors.ts'
import { command } from '../command.ts'

/** Where the shell finds nothing of ours it completes file names, as for job files. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_shoal() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(shoal __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _shoal shoal`,
  zsh: `#compdef shoal
_shoal() {
  local -a found
  found=("\${(@f)$(shoal __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found} )) && [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _shoal shoal`,
  fish: `complete -c shoal -a '(shoal __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`
}

export const completion = command<object, [string]>(async (cli, _flags, _signal, shell) => {
  const script = SCRIPTS[shell]
  if (script === undefined)
    throw new ShoalError('USAGE', `no completion for '${shell}'`, {
      next: `There are: ${Object.keys(SCRIPTS).join(', ')}. Example: source <(shoal completion bash)`
    })
  cli.print(script)
})
