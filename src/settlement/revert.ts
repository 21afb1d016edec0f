/** Errors of the chain, named: custom errors of our contracts and the node's refusals become a ShoalError. */
import type { ErrorDescription } from 'ethers/abi'
import { ShoalError, type ErrorData } from '../protocol/errors.ts'
import { formatAmount, SYMBOL } from '../protocol/money.ts'
import { interfaceOf, whole, type ContractName } from './contracts.ts'
import type { RpcRefused } from './rpc/rpc.ts'

const names: readonly ContractName[] = ['Escrow', 'Vault', 'Registry', 'ShoalToken']

/** Which call failed, for the message. */
export interface CallName {
  readonly contract: ContractName
  readonly method: string
}

function describe(data: string | undefined): ErrorDescription | undefined {
  if (data === undefined || data.length < 10) return undefined
  try {
    for (const name of names) {
      const found = interfaceOf(name).parseError(data)
      if (found === null) continue
      whole(found.args)
      return found
    }
  } catch {
    // no hex, or not what the error that it begins like carries: then it names none
  }
  return undefined
}

const facts = (d: ErrorDescription): ErrorData =>
  Object.fromEntries(d.fragment.inputs.map((p, i) => [p.name === '' ? `arg${i}` : p.name, String(d.args[i])]))

const fundsLow = (owner: unknown, available: unknown, needed: unknown): ShoalError =>
  new ShoalError('FUNDS_LOW', `${String(owner)} has ${String(available)}, needs ${String(needed)}`, {
    data: { owner: String(owner), available: String(available), needed: String(needed) },
    next: 'Deposit more tokens: shoal wallet deposit AMOUNT.'
  })

/** WITHDRAW_LIMIT: the guard lets no more go today. */
export const aboveLimit = (facts: {
  readonly owner: string
  readonly amount: bigint
  readonly left: bigint
  readonly dailyLimit?: bigint
  readonly beneficiary?: string
}): ShoalError =>
  new ShoalError(
    'WITHDRAW_LIMIT',
    `the guard of ${facts.owner} lets ${formatAmount(facts.left)} ${SYMBOL} go today, not ${formatAmount(facts.amount)}`,
    {
      data: { ...facts },
      next: `Withdraw less, wait for the next day (UTC), or withdraw to ${facts.beneficiary ?? "the guard's beneficiary"}.`
    }
  )

/** What to do about a guard that is another's to change. */
const guardianSays = ({ args }: ErrorDescription): string =>
  `Only ${String(args[2])} can change this guard: shoal wallet protect --owner ${String(args[0])} --beneficiary 0x... --limit AMOUNT, on its home.`

/** A refusal of the node or a revert of a contract as FUNDS_LOW, WITHDRAW_LIMIT or CHAIN_REVERTED with contract, function and named error. */
export function chainError(call: CallName, refusal: Pick<RpcRefused, 'message' | 'data'>): ShoalError {
  const error = describe(refusal.data)
  if (error?.name === 'FundsLow') return fundsLow(error.args[0], error.args[1], error.args[2])
  if (error?.name === 'AboveLimit') {
    const [owner, amount, left] = error.args as unknown as readonly [string, bigint, bigint]
    return aboveLimit({ owner, amount, left })
  }
  if (error?.name === 'ERC20InsufficientBalance') return fundsLow(error.args[0], error.args[1], error.args[2])
  if (error === undefined && /insufficient funds/i.test(refusal.message)) {
    return new ShoalError('FUNDS_LOW', 'the operator key has not enough gas money', {
      data: { contract: call.contract, function: call.method, what: 'gas' },
      next: "Send some of the chain's own coin to the operator address."
    })
  }
  const name = error?.name ?? 'unknown'
  const reason = error === undefined ? refusal.message.slice(0, 200) : error.name
  return new ShoalError('CHAIN_REVERTED', `${call.contract}.${call.method} was refused: ${reason}`, {
    data: {
      contract: call.contract,
      function: call.method,
      error: name,
      ...(error === undefined ? {} : facts(error))
    },
    next: error?.name === 'NotGuardian' ? guardianSays(error) : undefined
  })
}
