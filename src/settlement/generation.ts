/** Which generation of our contracts stands at an address, told by its code. */
import { sha256 } from '@noble/hashes/sha2.js'
import type { Generation } from '../protocol/ports/settlement.ts'
import { codeMarkOf, type CodeMark, type ContractName } from './contracts.ts'
import { firstMarks } from './generation-1.ts'

const generations: readonly Generation[] = [1, 2]

/** The same code but for its immutables, which each deployment fills in for itself. */
function matches(code: Uint8Array, { sha256: wanted, immutables }: CodeMark): boolean {
  const masked = Uint8Array.from(code)
  for (const [start, length] of immutables) masked.fill(0, start, start + length)
  return Buffer.from(sha256(masked)).toString('hex') === wanted
}

/** The generations whose `name` has this code (hex); a contract that did not change belongs to several, foreign code to none. */
export function generationsWith(name: ContractName, code: string): readonly Generation[] {
  const bytes = Buffer.from(code.slice(2), 'hex')
  return generations.filter(g => matches(bytes, g === 1 ? firstMarks[name] : codeMarkOf(name)))
}
