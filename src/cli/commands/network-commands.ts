import { formatSize } from '../../protocol/units.ts'
import type { advertView } from '../../peer/views.ts'
import type { ConnectedPeer } from '../../protocol/ports/network.ts'
import type { ApiClient } from '../../api/adapters/client.ts'
import { command } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import { shortPeer, table } from '../ui/table.ts'

/** How long a peer of our own listens before it shows what it heard, ms. */
const LISTEN_MS = 3_000

export type Advert = ReturnType<typeof advertView>

/** Adverts, waiting a moment when our own peer has only just begun to listen. */
export async function currentOffers(
  cli: Cli,
  client: ApiClient,
  own: boolean,
  signal: AbortSignal
): Promise<Advert[]> {
  const until = cli.clock.monotonic() + (own ? LISTEN_MS : 0)
  let count = 0
  for (;;) {
    const { offers } = await client.call<{ offers: Advert[] }>('GET', '/v1/offers', undefined, signal)
    if (cli.clock.monotonic() >= until || (offers.length > 0 && offers.length === count))
      return offers.sort((a, b) => Number(a.ask) - Number(b.ask))
    count = offers.length
    await cli.clock.sleep(500, signal)
  }
}

export const offerTable = (offers: readonly Advert[]): string =>
  table(
    ['#', 'peer', 'class', 'engines', 'slots', 'memory', 'Mgas/s', 'ask/Ggas', 'region'],
    offers.map((o, i) => [
      i + 1,
      shortPeer(o.peer),
      o.class,
      o.engines.map(e => e.id).join(','),
      `${o.slotsFree}/${o.slotsTotal}`,
      formatSize(o.memoryBytes),
      o.engines.map(e => String(BigInt(e.speed) / 1_000_000n)).join(','),
      o.ask,
      o.region
    ])
  )

const over = (body: (cli: Cli, client: ApiClient, own: boolean, signal: AbortSignal) => Promise<void>) =>
  command<CommonFlags>(async (cli, flags, signal) => {
    const s = await session(cli, flags, signal)
    try {
      await body(cli, s.client, s.own !== undefined, signal)
    } finally {
      await s.close()
    }
  })

export const offers = over(async (cli, client, own, signal) => {
  const list = await currentOffers(cli, client, own, signal)
  if (cli.json) return cli.print(JSON.stringify({ offers: list }))
  cli.print(
    list.length === 0 ? 'No offers heard. Is a full peer among the bootstrap peers?' : offerTable(list)
  )
})

export const peers = over(async (cli, client, own, signal) => {
  if (own) await cli.clock.sleep(LISTEN_MS, signal)
  const { peers: list } = await client.call<{ peers: ConnectedPeer[] }>('GET', '/v1/peers', undefined, signal)
  if (cli.json) return cli.print(JSON.stringify({ peers: list }))
  cli.print(
    table(
      ['peer', 'direction', 'rtt', 'score', 'address'],
      list.map(p => [
        p.peer,
        p.direction,
        p.rtt === undefined ? '' : `${Math.round(p.rtt)} ms`,
        p.score.toFixed(1),
        p.addresses[0] ?? ''
      ])
    )
  )
})

export const status = over(async (cli, client, _own, signal) => {
  const s = await client.call<Record<string, unknown>>('GET', '/v1/status', undefined, signal)
  cli.print(cli.json ? JSON.stringify(s) : JSON.stringify(s, null, 2))
})
