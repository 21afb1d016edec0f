/** Names of a job's input files that cannot travel, and such that travel and will not be found everywhere: told all at once. Pure. */
import { pathProblem } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'

/** One thing in the inputs that cannot be sent as it is. */
export interface BadInput {
  /** Where it stands on this machine, as far as it can be shown. */
  readonly source: string
  /** Why, as the end of a sentence that begins with the file. */
  readonly why: string
  /** What to do. */
  readonly todo: string
}

/** Files that a message names; of more it tells how many. */
const SHOWN = 20

/** A name with what a terminal does not show, or shows as something else, written out. */
export const shown = (text: string): string =>
  text
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
      c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
    )
    .replace(/[\u0300-\u036f]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const SHORTEN = 'Give it a shorter name, or put it less deep.'

/** What is wrong with a path under /in; undefined when it can travel. */
export function badPath(path: string): Omit<BadInput, 'source'> | undefined {
  const why = pathProblem(path)
  if (why === undefined) return undefined
  if (path.isWellFormed() && path.normalize('NFC') !== path)
    return {
      why: 'has a name in a decomposed form of Unicode, as older Macs write it',
      todo: `Rename it to '${path.normalize('NFC').split('/').at(-1) ?? ''}' (convmv -f utf8 -t utf8 --nfc --notest -r DIR).`
    }
  if (!path.isWellFormed()) return { why: 'has a name that is not Unicode', todo: 'Rename it.' }
  if (path.includes('\\')) return { why: 'has a backslash in its name', todo: 'Rename it.' }
  return { why, todo: SHORTEN }
}

/** PATH_INVALID that names each of them; undefined when there is none. */
export function badInputs(list: readonly BadInput[]): ShoalError | undefined {
  if (list.length === 0) return undefined
  const lines = list.slice(0, SHOWN).map(b => `  ${shown(b.source)} ${b.why}`)
  const more = list.length > SHOWN ? [`  and ${list.length - SHOWN} more`] : []
  const what = list.length === 1 ? 'one of the inputs cannot' : `${list.length} of the inputs cannot`
  return new ShoalError('PATH_INVALID', [`${what} be sent:`, ...lines, ...more].join('\n'), {
    data: { count: list.length },
    next: [...new Set(list.map(b => b.todo))].slice(0, 8).join(' ')
  })
}

/** Names that another system reserves, or cannot write. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"|?*\u0000-\u001f]|[. ]$/i

/** What travels, and will not be there, or be another file, on a system that folds case or reserves names: one sentence each. */
export function warningsFor(paths: readonly string[]): string[] {
  const warnings: string[] = []
  const folded = new Map<string, string>()
  for (const path of paths) {
    const key = path.toLowerCase()
    const other = folded.get(key)
    if (other !== undefined && other !== path)
      warnings.push(
        `${shown(other)} and ${shown(path)} differ only by case: where case does not count they are one file`
      )
    folded.set(key, path)
    if (path.split('/').some(part => RESERVED.test(part)))
      warnings.push(`${shown(path)} has a name that Windows cannot write`)
  }
  return warnings.length <= SHOWN
    ? warnings
    : [...warnings.slice(0, SHOWN), `and ${warnings.length - SHOWN} more names like these`]
}
