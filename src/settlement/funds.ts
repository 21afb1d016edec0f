/** Tokens into and out of the vault. */
import { ShoalError } from '../protocol/errors.ts'
import { refuseOldGeneration } from '../protocol/old-generation.ts'
import type { Address, Hex32 } from '../protocol/ids.ts'
import type { CallOptions, Guard, MoneyOptions, Settlement } from '../protocol/ports/settlement.ts'
import { actor, type ActionParts } from './actions.ts'
import type { PermitToSign, SplitSignature } from './keys/operator.ts'
import { aboveLimit } from './revert.ts'
import { lane } from './tx/lane.ts'

/** A permit is good for a day: longer than any transaction waits. */
const PERMIT_SECONDS = 86_400n

/** FUNDS_LOW when `available` is less than `needed`. */
function enough(owner: Address, what: string, available: bigint, needed: bigint): void {
  if (available >= needed) return
  throw new ShoalError('FUNDS_LOW', `${what} of ${owner} is ${available}, needs ${needed}`, {
    data: { owner, what, available, needed },
    next:
      what === 'wallet'
        ? 'Send tokens to the operator address first.'
        : 'Withdraw less, or wait until agreements close.'
  })
}

function positive(amount: bigint): void {
  if (amount <= 0n) throw new ShoalError('USAGE', 'the amount must be more than zero')
}

/** WITHDRAW_LIMIT when the guard lets less go today: known before anything is sent. */
function withinLimit(guard: Guard | undefined, owner: Address, to: Address, amount: bigint): void {
  if (guard === undefined || sameAddress(guard.beneficiary, to) || guard.left >= amount) return
  const { beneficiary, dailyLimit, left } = guard
  throw aboveLimit({ owner, amount, left, dailyLimit, beneficiary })
}

const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** `deposit`, `withdraw` and the guard of the port. Deposits run one after another, since each permit takes the next permit nonce. */
export function fundActions(
  parts: ActionParts & { signPermit(p: PermitToSign): SplitSignature }
): Pick<Settlement, 'deposit' | 'withdraw' | 'guard' | 'protect'> {
  const { network, reads, address, generation } = parts
  const act = actor(parts)
  const deposits = lane()
  const sent = (hash: Hex32 | undefined): Hex32 => {
    if (hash === undefined) throw new Error('an action without an end test has a transaction')
    return hash
  }
  const depositNow = async (amount: bigint, options?: MoneyOptions): Promise<Hex32> => {
    const [account, nonce, now] = await Promise.all([
      reads.account(address, options),
      reads.call('ShoalToken', 'nonces', [address], options),
      reads.time(options)
    ])
    const check = async (): Promise<void> => enough(address, 'wallet', account.wallet, amount)
    const deadline = now + PERMIT_SECONDS
    const { token, chainId, vault } = network
    const s = parts.signPermit({
      token,
      chainId,
      spender: vault,
      value: amount,
      nonce: BigInt(nonce[0] as bigint),
      deadline
    })
    const args = [amount, deadline, s.v, s.r, s.s]
    const key = amount.toString()
    return sent(await act('Vault', 'depositWithPermit', args, key, undefined, { ...options, check }))
  }
  return {
    deposit: async (amount, options) => {
      positive(amount)
      return await deposits.run(async () => await depositNow(amount, options))
    },
    withdraw: async (amount, to = address, options) => {
      positive(amount)
      // not before: one that joins an equal one under way needs no second amount
      const check = async (): Promise<void> => {
        const [account, guard] = await Promise.all([
          reads.account(address, options),
          reads.guardOf(address, options)
        ])
        enough(address, 'free balance', account.free, amount)
        withinLimit(guard, address, to, amount)
      }
      const key = `${amount}/${to}`
      return sent(await act('Vault', 'withdraw', [amount, to], key, undefined, { ...options, check }))
    },
    guard: async (owner = address, options) => await reads.guardOf(owner, options),
    protect: async (beneficiary, dailyLimit, options = {}) => {
      refuseOldGeneration({ generation: generation() })
      const { owner } = options
      const done = async (o?: CallOptions): Promise<boolean> => {
        const known = await reads.guardOf(owner ?? address, o)
        if (known === undefined) return BigInt(beneficiary) === 0n
        return sameAddress(known.beneficiary, beneficiary) && known.dailyLimit === dailyLimit
      }
      const set = [beneficiary, dailyLimit]
      const [method, args] =
        owner === undefined ? (['protect', set] as const) : (['protectFor', [owner, ...set]] as const)
      await act('Vault', method, args, args.join('/'), done, options)
    }
  }
}
