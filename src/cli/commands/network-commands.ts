import type { BanView } from '../../protocol/ports/network-health.ts'
import type { ConnectedPeer } from '../../protocol/ports/network.ts'
import type { ApiClient } from '../../api/adapters/client.ts'
import { command } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import { bansText } from '../peers/bans.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import { LISTEN_MS } from '../offers/show.ts'
import { table } from '../ui/table.ts'

interface PeersView {
  readonly peers: ConnectedPeer[]
  readonly bans: BanView[]
  readonly bannedBy: BanView[]
}

const over = (body: (cli: Cli, client: ApiClient, own: boolean, signal: AbortSignal) => Promise<void>) =>
  command<CommonFlags>(async (cli, flags, signal) => {
    const s = await session(cli, flags, signal)
    try {
      await body(cli, s.client, s.own !== undefined, signal)
    } finally {
      await s.close()
    }
  })

export const peers = over(async (cli, client, own, signal) => {
  if (own) await cli.clock.sleep(LISTEN_MS, signal)
  const seen = await client.call<PeersView>('GET', '/v1/peers', undefined, signal)
  const { peers: list, bans, bannedBy } = seen
  if (cli.json) return cli.print(JSON.stringify({ peers: list, bans, bannedBy }))
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
  const text = bansText(bans, bannedBy, cli.clock.now())
  if (text !== '') cli.print(`\n${text}`)
})

export const forgive = command<CommonFlags, [peer: string]>(async (cli, flags, signal, peer) => {
  const s = await session(cli, flags, signal)
  try {
    const done = await s.client.call<{ forgiven: string }>('POST', '/v1/peers/forgive', { peer }, signal)
    cli.print(cli.json ? JSON.stringify(done) : `The ban of ${done.forgiven} has ended.`)
  } finally {
    await s.close()
  }
})

export const status = over(async (cli, client, _own, signal) => {
  const s = await client.call<Record<string, unknown>>('GET', '/v1/status', undefined, signal)
  cli.print(cli.json ? JSON.stringify(s) : JSON.stringify(s, null, 2))
})
