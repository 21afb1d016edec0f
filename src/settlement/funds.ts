/** Tokens into and out of the vault. */
import { ShoalError } from '../protocol/errors.ts'
import type { Address, Hex32 } from '../protocol/ids.ts'
import type { MoneyOptions, Settlement } from '../protocol/ports/settlement.ts'
import { actor, type ActionParts } from './actions.ts'
import type { PermitToSign, SplitSignature } from './keys/operator.ts'
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

/** `deposit` and `withdraw` of the port. Deposits run one after another, since each permit takes the next permit nonce. */
export function fundActions(
  parts: ActionParts & { signPermit(p: PermitToSign): SplitSignature }
): Pick<Settlement, 'deposit' | 'withdraw'> {
  const { network, reads, address } = parts
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
      const check = async (): Promise<void> =>
        enough(address, 'free balance', (await reads.account(address, options)).free, amount)
      const key = `${amount}/${to}`
      return sent(await act('Vault', 'withdraw', [amount, to], key, undefined, { ...options, check }))
    }
  }
}
