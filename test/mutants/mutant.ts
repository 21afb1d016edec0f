/** One deliberate bug, as a person might make it: a text in one file, and what stands there instead. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Mutant {
  /** Short, in lower case with dashes; unique. */
  readonly id: string
  /** From the repository's root. */
  readonly file: string
  /** Must occur exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** What the bug does to a user, in one line. */
  readonly means: string
  /** The files that are likely to notice, the quickest first: mocha files under test/, or a Solidity file for forge. */
  readonly tests: readonly string[]
}

/** Mutants of one folder: `file` is taken from there. */
export const within = (folder: string, list: readonly Mutant[]): readonly Mutant[] =>
  list.map(m => ({ ...m, file: `${folder}/${m.file}` }))

/** The file's text with the bug in it. Throws when the text to replace is not there exactly once: the list has grown old. */
export function planted({ id, file, find, replace }: Mutant, text: string): string {
  const times = text.split(find).length - 1
  if (times !== 1)
    throw new Error(
      `mutant ${id}: the text to replace occurs ${times} times in ${file}, not once; adapt test/mutants/list to the code`
    )
  if (find === replace) throw new Error(`mutant ${id}: replaces a text by itself`)
  return text.replace(find, () => replace)
}

export const textOf = (root: string, m: Mutant): string => readFileSync(join(root, m.file), 'utf8')
