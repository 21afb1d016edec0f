/** Offers as tables, and how they are heard. */
import type { ApiClient } from '../../api/adapters/client.ts'
import { formatSize } from '../../protocol/units.ts'
import { formatAmount, parseAmount } from '../../protocol/money.ts'
import { clean } from '../command.ts'
import type { Cli } from '../context.ts'
import { shortPeer, table } from '../ui/table.ts'
import type { Advert } from './advert.ts'
import type { Group } from './group.ts'

/** How long a peer of our own listens before it shows what it heard, ms. */
export const LISTEN_MS = 3_000

/** Cheapest first. Amounts are compared exactly, not as floating point. */
const byAsk = (a: Advert, b: Advert): number => {
  const [x, y] = [parseAmount(a.ask), parseAmount(b.ask)]
  return x < y ? -1 : x > y ? 1 : 0
}

interface Heard {
  readonly offers: Advert[]
  /** When there are none: what the peer knows of that. */
  readonly why?: string
}

/** For whoever waits for offers that do not come. */
export const noneSaid = (why: string): string =>
  `No offers heard${why === '' ? '' : `: ${clean(why)}`}. More: shoal doctor`

/** Adverts, waiting a moment when our own peer has only just begun to listen. */
export async function currentOffers(
  cli: Cli,
  client: ApiClient,
  own: boolean,
  signal: AbortSignal
): Promise<Heard> {
  const until = cli.clock.monotonic() + (own ? LISTEN_MS : 0)
  let count = 0
  for (;;) {
    const { offers, why } = await client.call<Heard>('GET', '/v1/offers', undefined, signal)
    if (cli.clock.monotonic() >= until || (offers.length > 0 && offers.length === count))
      return { offers: offers.sort(byAsk), why }
    count = offers.length
    await cli.clock.sleep(500, signal)
  }
}

/** `price`, when given, is what one execution of a job costs there. */
export const offerTable = (offers: readonly Advert[], price?: (a: Advert) => bigint): string =>
  table(
    [
      '#',
      'peer',
      'class',
      'engines',
      'slots',
      'memory',
      'Mgas/s',
      'ask/Ggas',
      ...(price === undefined ? [] : ['a shard']),
      'region'
    ],
    offers.map((o, i) => [
      i + 1,
      shortPeer(o.peer),
      o.class,
      o.engines.map(e => e.id).join(','),
      `${o.slotsFree}/${o.slotsTotal}`,
      formatSize(o.memoryBytes),
      o.engines.map(e => String(BigInt(e.speed) / 1_000_000n)).join(','),
      o.ask,
      ...(price === undefined ? [] : [formatAmount(price(o))]),
      o.region
    ])
  )

export const groupTable = (key: string, groups: readonly Group[]): string =>
  table(
    [key, 'offers', 'free slots', 'cheapest', 'median'],
    groups.map(g => [g.value, g.offers, g.slotsFree, g.cheapest, g.median])
  )
