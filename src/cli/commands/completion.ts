import { ShoalError } from '../../protocol/errors.ts'
import { command } from '../command.ts'

/** Where the shell finds nothing of ours it completes file names, as for job files; fish also where only flags could follow. */
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
if [[ "\${funcstack[1]}" == _shoal ]]; then _shoal "$@"; else compdef _shoal shoal; fi`,
  fish: `function __shoal_complete
  set -l word (commandline -ct)
  set -l found (shoal __complete (commandline -opc)[2..] $word 2>/dev/null)
  printf '%s\\n' $found
  string match -q -- '-*' $word; or string match -qv -- '-*' $found; or __fish_complete_path $word
end
complete -c shoal -f -a '(__shoal_complete)'`
}

export const completion = command<object, [string]>(async (cli, _flags, _signal, shell) => {
  const script = SCRIPTS[shell]
  if (script === undefined)
    throw new ShoalError('USAGE', `no completion for '${shell}'`, {
      next: `There are: ${Object.keys(SCRIPTS).join(', ')}. Example: source <(shoal completion bash)`
    })
  cli.print(script)
})
