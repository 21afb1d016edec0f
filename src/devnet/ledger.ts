/** Who holds what, read from the chain before and after a job, and whether it adds up to the wei. */
import type { Address } from '../protocol/ids.ts'
import type { Account, Settlement } from '../protocol/ports/settlement.ts'
import type { FullJobView } from './job-type.ts'
import { parseAmount } from '../protocol/money.ts'

export interface Holder {
  readonly name: string
  readonly address: Address
}

export type Snapshot = ReadonlyMap<string, bigint>

/** Everything an account owns in tokens, wherever it lies. */
const total = (a: Account): bigint => a.wallet + a.free + a.locked + a.staked

export async function snapshot(
  settlement: Settlement,
  holders: readonly Holder[],
  signal?: AbortSignal
): Promise<Snapshot> {
  const out = new Map<string, bigint>()
  for (const h of holders) out.set(h.name, total(await settlement.account(h.address, { signal })))
  return out
}

export interface Books {
  /** Change of each holder's total, by name. */
  readonly change: ReadonlyMap<string, bigint>
  readonly paid: bigint
  readonly fees: bigint
  readonly refunded: bigint
  /** Disputed and never ruled on: nobody has it. */
  readonly burned: bigint
  /** Nothing appeared or vanished, and each side's change is what the escrows say. */
  readonly conserved: boolean
}

/** Compares two snapshots with the closings of a job. `treasury` is the holder that receives the fees. */
export function reconcile(
  before: Snapshot,
  after: Snapshot,
  job: FullJobView,
  names: { requester: string; treasury: string; provider: (operator: string) => string }
): Books {
  const change = new Map([...after].map(([name, n]) => [name, n - (before.get(name) ?? 0n)]))
  const expected = new Map([...after.keys()].map(name => [name, 0n]))
  const add = (name: string, n: bigint) => expected.set(name, (expected.get(name) ?? 0n) + n)
  let [paid, fees, refunded, burned, open] = [0n, 0n, 0n, 0n, 0]
  for (const e of job.executionList) {
    if (e.closing === undefined) {
      if (e.state !== 'declined') open++
      continue
    }
    const [p, f] = [parseAmount(e.closing.paid), parseAmount(e.closing.fee)]
    const b = parseAmount(e.closing.burned)
    paid += p
    fees += f
    refunded += parseAmount(e.closing.refunded)
    burned += b
    add(names.provider(e.operator), p)
    add(names.treasury, f)
    add(names.requester, -(p + f + b))
  }
  const sum = [...change.values()].reduce((a, b) => a + b, 0n)
  const matches = [...expected].every(([name, n]) => change.get(name) === n)
  return { change, paid, fees, refunded, burned, conserved: sum + burned === 0n && matches && open === 0 }
}
