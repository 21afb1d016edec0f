/** More jobs than slots, at once: they wait, nobody is worse off for it, and all of them end. Real processes, a real chain. */
import { expect } from 'chai'
import { join } from 'node:path'
import type { ApiClient } from '../../src/api/adapters/client.ts'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import type { NetworkHealth } from '../../src/protocol/ports/network-health.ts'
import type { ConnectedPeer } from '../../src/protocol/ports/network.ts'
import { nbody, NBODY, submit } from '../support/e2e/jobs.ts'
import { jobEnd, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'

interface PeersView {
  readonly peers: readonly ConnectedPeer[]
  readonly bans: readonly unknown[]
  readonly bannedBy: readonly unknown[]
}

describe('jobs that wait for slots', function () {
  this.timeout(420_000)
  let world: World
  let buyer: Buyer

  before(async () => {
    world = await startWorld('waiting', { peers: 2, slots: 2 })
    buyer = await world.buyer()
  })
  after(async () => await world?.stop())

  const everybody = (): ApiClient[] => [...world.net.peers.map(p => p.client), buyer.client]
  const healthOf = async (c: ApiClient): Promise<NetworkHealth> =>
    (await c.call<{ network: NetworkHealth }>('GET', '/v1/status')).network
  const send = (name: string, shards: number): Promise<FullJobView> =>
    submit(buyer.client, NBODY, {
      out: join(world.folder, name),
      overrides: nbody(60_000, { count: shards, deadline: '6m', 'limits.wall': '60s' })
    })

  it('cost nobody its place in the network, and all of them end', async () => {
    const before = await world.ledger.snapshot()
    const sent = await Promise.all([
      ...[1, 2].map(i => send(`long-${i}`, 6)),
      ...Array.from({ length: 8 }, (_, i) => send(`short-${i}`, 1))
    ])
    const ended = await Promise.all(sent.map(j => jobEnd(buyer.client, j.id, 400_000)))
    for (const job of ended) {
      expect(job.state, story(job)).to.equal('settled')
      expect(job.shardsDone).to.equal(job.shards)
      // work that was begun was finished, at the first attempt
      expect(job.executions, story(job)).to.equal(job.shards)
    }
    expect((await world.ledger.books(before, ...ended)).conserved).to.equal(true)
    for (const c of everybody()) {
      const { offences, bans, bannedBy, doubted } = await healthOf(c)
      expect({ offences, bans, bannedBy, doubted }).to.deep.equal({
        ...{ offences: {}, bans: [], bannedBy: [], doubted: [] }
      })
      const { peers } = await c.call<PeersView>('GET', '/v1/peers')
      expect(peers.map(p => p.score >= 0)).to.deep.equal(peers.map(() => true))
    }
    const { peers } = await buyer.client.call<PeersView>('GET', '/v1/peers')
    expect(peers.map(p => p.peer).sort()).to.include.members(world.net.peers.map(p => p.peer).sort())
  })
})
