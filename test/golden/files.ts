/** The golden files, and what may change in them: a conversation's messages only under a new protocol id, all else never. */
import { readFile, writeFile } from 'node:fs/promises'
import { invalid, type Invalid } from './invalid.ts'
import { conversations, type Conversation } from './messages.ts'
import { sealed, type Sealed } from './sealed.ts'
import { signatures, type Signatures } from './signatures.ts'

export interface Golden {
  readonly messages: Record<string, Conversation>
  readonly signatures: Signatures
  readonly sealed: Sealed
  readonly invalid: readonly Invalid[]
}

const NAMES = ['messages', 'signatures', 'sealed', 'invalid'] as const
const pathOf = (name: string): URL => new URL(`../fixtures/golden/${name}.json`, import.meta.url)

/** What is on the disk; a file that is not there is left out. */
export async function readGolden(): Promise<Partial<Golden>> {
  const out: Record<string, unknown> = {}
  for (const name of NAMES) {
    const text = await readFile(pathOf(name), 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return undefined // not made yet
      throw e
    })
    if (text !== undefined) out[name] = JSON.parse(text)
  }
  return out
}

/** What the program makes now. */
export const computeGolden = async (old: Partial<Golden>): Promise<Golden> => ({
  messages: await conversations(),
  signatures: await signatures(),
  sealed: await sealed(old.sealed),
  invalid: await invalid()
})

/** Paths of values that were there and are other now. New ones may come; conversations that are gone were replaced by a newer version. */
export function changes(old: unknown, now: unknown, path = ''): string[] {
  if (typeof old !== 'object' || old === null) return Object.is(old, now) ? [] : [path]
  if (typeof now !== 'object' || now === null) return [path]
  const before = old as Record<string, unknown>
  const after = now as Record<string, unknown>
  return Object.keys(before).flatMap(key => {
    const here = path === '' ? key : `${path} > ${key}`
    if (!(key in after)) return path === 'messages' ? [] : [here]
    return changes(before[key], after[key], here)
  })
}

export async function writeGolden(g: Golden): Promise<void> {
  for (const name of NAMES) await writeFile(pathOf(name), JSON.stringify(g[name], null, 2) + '\n')
}
