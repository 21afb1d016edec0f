/** What is said of wrong arguments: as every other error of ours, with the command that shows how it is meant. */
import { formatMessageForArgumentScannerError, text_en, type ApplicationText } from '@stricli/core'

const first = (e: unknown): string => (e instanceof Error ? e.message : String(e))

/** The camelCase names of flags, as a person writes them. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, c => `-${c.toLowerCase()}`)

const scanner = (e: Error): string =>
  formatMessageForArgumentScannerError(e as never, {
    ArgumentParseError: x => {
      const flag = /^[a-z]/.test(x.externalFlagNameOrPlaceholder)
      const name = flag ? `--${kebab(x.externalFlagNameOrPlaceholder)}` : x.externalFlagNameOrPlaceholder
      return `${name} ${x.input === '' ? "''" : x.input}: ${first(x.exception)}`
    },
    UnexpectedPositionalError: x => `'${x.input}' is one argument too many (expected ${x.expectedCount})`
  })

/** One error: for people two lines, for programs one line of JSON. */
function say(json: boolean, argv: readonly string[], message: string): string {
  const words = argv.slice(0, argv.findIndex(a => a.startsWith('-')) >>> 0)
  const command = words[0] !== undefined && /^[a-z]+$/.test(words[0]) ? ` ${words[0]}` : ''
  const known = message.includes('no command')
  const next = `See: shoal${known ? '' : command} --help`
  if (json) return JSON.stringify({ error: { code: 'USAGE', message, next } })
  return `error: ${message}\n  ${next}`
}

/** Texts of one run: `argv` tells which command's help to name. */
export function textsFor(argv: readonly string[], json: boolean): ApplicationText {
  const usage = (message: string): string => say(json, argv, message)
  const broken = (what: string) => (e: unknown) => {
    const message = `${what}: ${first(e)}`
    const next = 'This installation is not whole: run npm ci again.'
    return json
      ? JSON.stringify({ error: { code: 'INVALID_TRANSITION', message, next } })
      : `error: ${message}\n  ${next}`
  }
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) =>
      usage(
        `no command '${input}'${corrections.length === 0 ? '' : `, did you mean ${corrections.join(' or ')}?`}`
      ),
    exceptionWhileParsingArguments: e => usage(scanner(e as Error)),
    exceptionWhileLoadingCommandFunction: broken('the command cannot be loaded'),
    exceptionWhileLoadingCommandContext: broken('the command cannot be prepared'),
    exceptionWhileRunningCommand: broken('the command failed'),
    commandErrorResult: e => usage(e.message)
  }
}
