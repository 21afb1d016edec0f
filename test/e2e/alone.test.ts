/** Few peers: replicas with a liar among them, then a single provider that vanishes for good. */
import { expect } from 'chai'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { startChild, type Child } from '../../src/devnet/adapters/child.ts'
import type { DevPeer } from '../../src/devnet/devnet.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { until } from '../support/e2e/cli.ts'
import {
  countWithTools,
  makeText,
  nbody,
  NBODY,
  sortedLines,
  submit,
  WORDCOUNT
} from '../support/e2e/jobs.ts'
import { jobEnd, jobUntil, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'

const LIAR = fileURLToPath(new URL('../support/e2e/liar.ts', import.meta.url))

/** An honest peer's home and funds with a lying engine. It asks next to nothing, so that it is chosen. */
async function turnIntoLiar(world: World, peer: DevPeer): Promise<Child<unknown>> {
  await peer.child.stop()
  const layout = layoutOf(peer.home)
  const config = parse(await readFile(layout.config, 'utf8')) as { provider: object }
  await writeFile(layout.config, stringify({ ...config, provider: { ...config.provider, ask: '0.000001' } }))
  const log = join(world.net.folder, 'logs', 'liar.log')
  return await startChild('liar', { program: LIAR, args: ['--home', peer.home], env: {}, log })
}

const replicas = { 'verify.tier': 'replicas', 'verify.copies': 2 }

describe('few providers', function () {
  this.timeout(200_000)
  let world: World
  let buyer: Buyer
  let text: string

  before(async () => {
    world = await startWorld('alone', { peers: 3, slots: 8, config: { lease: '4s' } })
    buyer = await world.buyer()
    text = join(world.folder, 'text.txt')
    await writeFile(text, makeText(200_000))
  })
  after(async () => await world?.stop())

  it('two replicas of each shard run at different operators, agree to the byte, and are both paid', async () => {
    const before = await world.ledger.snapshot()
    const out = join(world.folder, 'agreed')
    const overrides = { ...replicas, count: 4, inputs: { 'text.txt': text } }
    const { id } = await submit(buyer.client, WORDCOUNT, { out, overrides })
    const job = await jobEnd(buyer.client, id)
    expect(job.state, story(job)).to.equal('settled')
    for (let shard = 0; shard < 4; shard++) {
      const settled = job.executionList.filter(e => e.shard === shard && e.state === 'settled')
      expect(settled, story(job)).to.have.lengthOf(2)
      expect(new Set(settled.map(e => e.operator)).size, 'operators').to.equal(2)
      expect(new Set(settled.map(e => e.result)).size, 'hashes').to.equal(1)
    }
    expect(await sortedLines(join(out, 'counts.tsv'))).to.deep.equal(await countWithTools(text))
    expect((await world.ledger.books(before, job)).conserved).to.equal(true)
  })

  it('a provider that alters its output is outvoted by a third copy, disputed and not paid', async () => {
    const liar = world.net.peers[2]
    if (liar === undefined) throw new Error('no third peer')
    const child = await turnIntoLiar(world, liar)
    try {
      const earned = (await world.ledger.snapshot()).get(liar.name)
      await until('the requester hears what the liar asks', 30_000, async () => {
        const { offers } = await buyer.client.call<{ offers: { operator: string; ask: string }[] }>(
          'GET',
          '/v1/offers'
        )
        return offers.some(o => o.operator === liar.operator && o.ask === '0.000001')
      })
      const out = join(world.folder, 'outvoted')
      const overrides = { ...replicas, count: 1, 'match.window': '6s', inputs: { 'text.txt': text } }
      const { id } = await submit(buyer.client, WORDCOUNT, { out, overrides, challengeSeconds: 60 })
      const ready = await jobUntil(buyer.client, id, 'the result is written', j =>
        ['settling', 'settled', 'failed'].includes(j.state)
      )
      expect(ready.state, story(ready)).to.not.equal('failed')
      expect(await sortedLines(join(out, 'counts.tsv'))).to.deep.equal(await countWithTools(text))
      const lies = ready.executionList.filter(e => e.operator === liar.operator && e.result !== undefined)
      expect(lies, story(ready)).to.have.lengthOf(1)
      expect(lies[0]?.state).to.equal('disputed')
      expect(lies[0]?.failure?.code).to.equal('RESULT_MISMATCH')
      expect(lies[0]?.acknowledged, 'what was signed for').to.equal('0')
      const honest = await jobUntil(
        buyer.client,
        id,
        'the honest copies are paid',
        j => j.executionList.filter(e => e.state === 'settled').length === 2
      )
      for (const e of honest.executionList.filter(x => x.state === 'settled'))
        expect(e.operator).to.not.equal(liar.operator)
      // the liar commits its result after its grace; our objection then locks a bond of its own (0.01)
      await until('the dispute is on the chain', 60_000, async () => Number(await lockedOf(buyer)) >= 0.01)
      expect((await world.ledger.snapshot()).get(liar.name), 'what the liar owns').to.equal(earned)
    } finally {
      await child.stop()
    }
  })

  it('a provider that vanishes for good, with no other: the refund comes by itself, to the wei', async () => {
    const [stays, leaves] = world.net.peers // the third has ended as a liar
    await leaves?.child.stop()
    const before = await world.ledger.snapshot()
    const lockedBefore = await lockedOf(buyer)
    const out = join(world.folder, 'vanished')
    const { id } = await submit(buyer.client, NBODY, {
      out,
      overrides: nbody(3_000_000, { 'limits.wall': '12s', deadline: '25s' }),
      deliverMargin: 5,
      challengeSeconds: 10
    })
    await jobUntil(
      buyer.client,
      id,
      'all shards run there',
      j => j.executionList.filter(e => e.state === 'started').length === 8
    )
    await stays?.child.kill()
    const job = await jobEnd(buyer.client, id)
    expect(job.state, story(job)).to.equal('failed')
    expect(job.failure?.code).to.equal('MATCH_TIMEOUT')
    expect(job.executionList.map(e => e.state)).to.deep.equal(Array.from({ length: 8 }, () => 'refunded'))
    const books = await world.ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
    const locked = job.executionList.reduce((n, e) => n + Number(e.closing?.refunded ?? 0), 0)
    expect(locked).to.be.greaterThan(0)
    expect(await nodeFiles.stat(out), 'no half result').to.equal(undefined)
    expect(await lockedOf(buyer)).to.equal(lockedBefore)
  })
})

/** What the requester has in escrows: the liar's stays there until the arbiter's time is over. */
async function lockedOf(buyer: Buyer): Promise<string> {
  return (await buyer.client.call<{ locked: string }>('GET', '/v1/wallet')).locked
}
