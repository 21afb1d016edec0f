/** The liar's hand on the chain: its calls with the lie in them, left out, late or twice, and calls that nobody asked it to make. */
import type { Agreement, Receipt, Release } from '../../src/protocol/eip712.ts'
import type { HexBytes } from '../../src/protocol/ids.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { Settlement, SettlementEvent } from '../../src/protocol/ports/settlement.ts'
import type { Ledger } from '../support/world/ledger.ts'
import type { ChainCall, Unasked } from './channels.ts'
import type { Tongue } from './tongue.ts'

export interface HandParts {
  readonly tongue: Tongue
  readonly ledger: Ledger
  readonly clock: Clock
  readonly unasked: readonly Unasked[]
  readonly stopped: AbortSignal
}

/** Between two tries of what nobody asked for, ms. */
const AGAIN_MS = 5_000

export function lyingSettlement(plain: Settlement, parts: HandParts): Settlement {
  const { tongue, ledger, clock } = parts
  const call = async <T>(
    name: ChainCall,
    a: Agreement,
    body: T,
    make: (a: Agreement, body: T) => Promise<void>
  ): Promise<void> => {
    const told = tongue.agreement(a)
    const whole = await tongue.whole(`chain:${name}`, tongue.speak(`chain:${name}`, body), parts.stopped)
    if (whole === undefined) return
    await make(told, whole.say)
    if (whole.twice) await make(told, whole.say)
  }
  const own = (): Agreement[] =>
    [...ledger.books.values()]
      .map(b => b.agreement)
      .filter(a => [a.requester, a.provider, a.arbiter].includes(plain.address))
  const meddle = async (a: Agreement): Promise<void> => {
    for (const what of parts.unasked) {
      if (what === 'delegate') ledger.delegated.add(plain.address.toLowerCase())
      else if (what === 'refund') await plain.refund(a, 0n).catch(() => undefined)
      else await plain[what](a).catch(() => undefined)
      tongue.told++
    }
  }
  if (parts.unasked.length > 0)
    clock.every(AGAIN_MS, () => {
      if (!parts.stopped.aborted) for (const a of own()) void meddle(a)
    })
  const hear = (e: SettlementEvent): SettlementEvent => tongue.hear(e)
  return {
    ...plain,
    escrow: (id, o) => plain.escrow(tongue.id(id), o),
    history: async (id, o) => (await plain.history(tongue.id(id), o)).map(hear),
    watch: (from, onEvent, signal, rest) => plain.watch(from, e => onEvent(hear(e)), signal, rest),
    open: (a, signature) =>
      call('open', a, { agreement: tongue.agreement(a) }, (_, said) => plain.open(said.agreement, signature)),
    deliver: (a, result, amount) =>
      call('deliver', a, { result, amount }, (told, said) => plain.deliver(told, said.result, said.amount)),
    acknowledge: (a, receipt: Receipt, signature: HexBytes) =>
      call('acknowledge', a, { receipt, signature }, (told, said) =>
        plain.acknowledge(told, said.receipt, said.signature)
      ),
    release: async a => (tongue.silent ? undefined : await plain.release(tongue.agreement(a))),
    refund: (a, acknowledged) =>
      call('refund', a, { acknowledged }, (told, said) => plain.refund(told, said.acknowledged)),
    cancel: (a, release: Release, signature: HexBytes) =>
      call('cancel', a, { release, signature }, (told, said) =>
        plain.cancel(told, said.release, said.signature)
      ),
    dispute: async a => (tongue.silent ? undefined : await plain.dispute(tongue.agreement(a))),
    rule: (a, providerBps, slashBps) =>
      call('rule', a, { providerBps, slashBps }, (told, said) =>
        plain.rule(told, said.providerBps, said.slashBps)
      ),
    split: async a => (tongue.silent ? undefined : await plain.split(tongue.agreement(a)))
  }
}
