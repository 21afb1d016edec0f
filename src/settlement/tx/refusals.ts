/** What a node means when it refuses a transaction, by its words: nodes agree on no codes. */
import type { RpcRefused } from '../rpc/rpc.ts'
import { tooCheap } from './fees.ts'

/**
 * `known`: it has it already. `price`: it would take it for more. `nonce`: the nonce is used. `later`: it has another one with this nonce, or
 * takes it only after an earlier one. `call`: it does not take it for what it is.
 */
export type RefusalKind = 'known' | 'price' | 'nonce' | 'later' | 'call'

const KNOWN = /already known|already imported|already exists|already in (the )?(mem)?pool|known transaction/i
const NONCE = /nonce (is )?too low|nonce has already been used|nonce too small|old nonce|nonce already used/i
const LATER =
  /replacement|nonce (is )?too high|nonce too (distant|far)|nonce gap|future transaction|txpool is full|pool (is )?full|in-flight transaction limit/i
const PRICE =
  /underpriced|(fee|price|tip) (is )?too low|below (the )?minimum|less than (the )?minimum|too cheap|min(imum)? gas price/i

export function kindOf(refusal: RpcRefused): RefusalKind {
  const { message } = refusal
  if (KNOWN.test(message)) return 'known'
  if (NONCE.test(message)) return 'nonce'
  if (LATER.test(message)) return 'later'
  return tooCheap(refusal) || PRICE.test(message) ? 'price' : 'call'
}
