/** What moves money, and what people see of it: of a running peer, or of a home whose peer need not run for it. */
import type { Address } from '../protocol/ids.ts'
import { formatAmount, parseAmount } from '../protocol/money.ts'
import type { Account, ActionUnderWay, Guard, Settlement } from '../protocol/ports/settlement.ts'

const accountView = (a: Account, guard: Guard | undefined) => ({
  address: a.address,
  gas: formatAmount(a.gas),
  wallet: formatAmount(a.wallet),
  free: formatAmount(a.free),
  locked: formatAmount(a.locked),
  staked: formatAmount(a.staked),
  guard: guard === undefined ? undefined : guardView(guard)
})

const guardView = ({ beneficiary, dailyLimit, left }: Guard) => ({
  beneficiary,
  dailyLimit: formatAmount(dailyLimit),
  left: formatAmount(left)
})

export const underWayView = (a: ActionUnderWay) => ({
  ...a,
  amount: a.amount === undefined ? undefined : formatAmount(a.amount)
})

/** Balances, and what is on its way. */
async function walletView(settlement: Settlement) {
  const [account, guard] = await Promise.all([settlement.account(), settlement.guard()])
  return { ...accountView(account, guard), underWay: settlement.underWay().map(underWayView) }
}

/** Whether a transfer sent nothing itself, since an equal one was under way. */
class Joined {
  yes: true | undefined
  readonly note = (): void => void (this.yes = true)
}

/** How a person wants an amount moved. */
export interface Transfer {
  readonly amount: string
  /** Another receiver than the operator itself. */
  readonly to?: string
  readonly again?: boolean
  /** Whoever asks is still there: what ends without being heard is told to whoever asks next. */
  readonly signal?: AbortSignal
}

/** What moves money, and what is on its way. */
export const moneyCalls = (settlement: Settlement) => ({
  wallet: async () => await walletView(settlement),
  deposit: async ({ amount, again, signal }: Transfer) => {
    const joined = new Joined()
    const tx = await settlement.deposit(parseAmount(amount), { again, signal, joined: joined.note })
    return { tx, joined: joined.yes, ...(await walletView(settlement)) }
  },
  withdraw: async ({ amount, to, again, signal }: Transfer) => {
    const joined = new Joined()
    const options = { again, signal, joined: joined.note }
    const tx = await settlement.withdraw(parseAmount(amount), to as Address | undefined, options)
    return { tx, joined: joined.yes, ...(await walletView(settlement)) }
  },
  /** The guard of `owner` as its beneficiary, else our own; tells what it is then. */
  protect: async (beneficiary: string, limit: string, owner: string | undefined) => {
    await settlement.protect(beneficiary as Address, parseAmount(limit), {
      owner: owner as Address | undefined
    })
    const guard = await settlement.guard(owner as Address | undefined)
    return { owner: owner ?? settlement.address, guard: guard === undefined ? undefined : guardView(guard) }
  }
})

export type MoneyCalls = ReturnType<typeof moneyCalls>
