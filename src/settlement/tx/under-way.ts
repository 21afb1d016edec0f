/** What people hear of calls on their way. */
import { ShoalError } from '../../protocol/errors.ts'
import type { ActionUnderWay } from '../../protocol/ports/settlement.ts'
import { interfaceOf } from '../contracts.ts'
import type { Intent } from './journal.ts'
import type { Wait } from './pending.ts'

/** Functions whose first argument is the amount that they move. */
const AMOUNTS: ReadonlySet<string> = new Set(['withdraw', 'depositWithPermit', 'stake', 'unstake'])

function amountOf({ contract, method, data }: Intent): bigint | undefined {
  if (!AMOUNTS.has(method)) return undefined
  const first: unknown = interfaceOf(contract).parseTransaction({ data })?.args[0]
  return typeof first === 'bigint' ? first : undefined
}

/** `depositWithPermit` is how `deposit` is done. */
const nameOf = (method: string): string => (method === 'depositWithPermit' ? 'deposit' : method)

export function underWayOf(intent: Intent, { kind, text }: Wait): ActionUnderWay {
  const { method, nonce, hashes, raw, at } = intent
  const [hash] = hashes
  if (hash === undefined) throw new Error(`a journalled transaction without a hash: ${raw.slice(0, 12)}`)
  const [what, amount] = [nameOf(method), amountOf(intent)]
  return { what, amount, nonce, hash, since: at, waits: kind, reason: text }
}

/** The end of an action whose call goes on. */
export function lateError(intent: Intent, { kind, text }: Wait): ShoalError {
  const what = `${intent.contract}.${intent.method}`
  return new ShoalError('SETTLE_TIMEOUT', `${what} is not known to be mined: ${text}. It goes on by itself`, {
    data: { contract: intent.contract, function: intent.method, nonce: intent.nonce, waits: kind },
    next: 'Nothing is sent twice: the same again waits for this one. See: shoal wallet.'
  })
}
