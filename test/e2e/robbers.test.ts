/**
 * Programs that rob, each in a process of its own and with a few lines other than ours, against a devnet of the honest program: providers are
 * unharmed or paid, requesters get their money back, nobody is banned, and everybody hears why.
 */
import { expect } from 'chai'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { DevPeer } from '../../src/devnet/devnet.ts'
import type { Snapshot } from '../../src/devnet/ledger.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import type { DisputeView } from '../../src/peer/disputes/view.ts'
import { initHome } from '../../src/peer/home/home.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import type { NetworkHealth } from '../../src/protocol/ports/network-health.ts'
import { shoal, until } from '../support/e2e/cli.ts'
import { begin, play, Player, short, type Begun, type Closed, type Heist } from '../support/e2e/heist.ts'
import type { SubmitOptions } from '../support/e2e/jobs.ts'
import type { Robber } from '../support/e2e/robbers.ts'
import { startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'

interface Status {
  readonly network: NetworkHealth
  readonly provider?: {
    readonly slotsFree: number
    readonly slotsTotal: number
    readonly refusals: Readonly<Record<string, number>>
  }
}
const statusOf = (c: Begun['client']): Promise<Status> => c.call<Status>('GET', '/v1/status')

/** What each provider's bond is on a devnet: the default of `provider.bond`. */
const BOND = parseAmount('0.01')
/** What the devnet's arbiter gives a task that it runs again: enough for some and not for others. */
const ARBITER_MEMORY = '24MiB'
const SLOTS = 6
/** Robbers whose stories take long and wait for clocks most of the time: they play at the same time. */
const SLOW = [
  ...(['lateStart', 'lateAndUnpaid', 'neverPays'] as const),
  ...(['falseDispute', 'restAndUnpaid', 'withholdsEvidence'] as const)
]
const DISPUTING: readonly Robber[] = ['falseDispute', 'restAndUnpaid', 'withholdsEvidence']

/** A home for the devnet's arbiter, with one setting that differs from what it would be given. */
async function smallArbiter(net: string): Promise<void> {
  const root = join(net, 'chain', 'arbiter')
  const config = {
    ...{ profile: 'full', arbiter: { enabled: true } },
    provider: { enabled: false, memory: ARBITER_MEMORY }
  }
  const made = { root, passphrase: 'arbiter', config: stringify(config), kdfCost: 2 ** 12 }
  await initHome(nodeFiles, systemRandom, made)
  await writeFile(join(root, 'passphrase'), 'arbiter\n')
}

describe('robbers', function () {
  this.timeout(240_000)
  let world: World
  let honest: Buyer
  let start: Snapshot
  const players = new Map<Robber, Player>()
  const heists: Heist[] = []
  let homes = 0

  before(async () => {
    world = await startWorld('robbers', { peers: 2, slots: SLOTS, requesters: 12 }, smallArbiter)
    start = await world.ledger.snapshot()
    honest = await world.buyer()
  })
  after(async () => {
    await Promise.all([...players.values()].map(p => p.stop()))
    await world?.stop()
  })

  async function enter(robber: Robber, sells = false): Promise<Player> {
    const index = ++homes
    const player = await Player.start(world, robber, index, sells)
    players.set(robber, player)
    return player
  }
  const kept = (h: Heist): Heist => {
    heists.push(h)
    return h
  }
  const rob = async (robber: Robber, o?: Partial<SubmitOptions>): Promise<Heist> => {
    const { home } = players.get(robber) ?? (await enter(robber))
    return kept(await play(world, home, robber, o))
  }
  const buy = async (o?: Partial<SubmitOptions>): Promise<Heist> =>
    kept(await play(world, world.net.requester.home, 'honest', o))

  /** What each account has more than before, without those that have as much. */
  async function changes(before: Snapshot): Promise<Record<string, bigint>> {
    const now = [...(await world.ledger.snapshot())].map(([n, x]) => [n, x - (before.get(n) ?? 0n)] as const)
    return Object.fromEntries(now.filter(([, x]) => x !== 0n))
  }
  const nameOf = (h: Heist): string => h.provider.name
  const nameOfRobber = (robber: Robber): string => players.get(robber)?.name ?? ''

  /** Nothing was run, nothing was signed for, and the escrow ended with its price back. */
  async function nothingHappened(h: Heist): Promise<void> {
    expect(h.execution.gas, 'work').to.equal('0')
    expect(h.execution.acknowledged).to.equal('0')
    expect((await h.events()).map(e => e.kind)).to.deep.equal(['opened', 'closed'])
    const { outcome, paid, fee, refunded, bondSlashed } = await h.closed()
    expect({ outcome, paid, fee, refunded, bondSlashed }).to.deep.equal({
      ...{ outcome: 'cancelled', paid: 0n, fee: 0n, refunded: h.price, bondSlashed: 0n }
    })
  }
  /** Committed, never acknowledged, and paid in full all the same. */
  async function paidBy(h: Heist, outcome: Closed['outcome'], kinds: readonly string[]): Promise<Closed> {
    expect(
      (await h.events()).map(e => e.kind),
      story(h.job)
    ).to.deep.equal(kinds)
    const closed = await h.closed()
    expect(closed.outcome).to.equal(outcome)
    expect(closed.paid + closed.fee, 'the price').to.equal(h.price)
    expect(closed.fee).to.equal(h.price / 100n)
    expect(closed.bondSlashed).to.equal(0n)
    return closed
  }
  const say = (text: string): void => console.log(`      ${text}`)

  const arbiter = (): string => join(world.net.folder, 'chain', 'arbiter')
  async function caseOf(agreement: string): Promise<DisputeView> {
    const r = await shoal(['disputes', '--json'], { home: arbiter() })
    expect(r.code, r.stderr).to.equal(0)
    const { disputes } = JSON.parse(r.stdout) as { disputes: DisputeView[] }
    const found = disputes.find(d => d.id === agreement)
    if (found === undefined) throw new Error('no such dispute before the arbiter')
    return found
  }

  describe('whose terms differ', () => {
    for (const [robber, term, offered, given] of [
      ['moreGas', 'gas', '100000000', '1000000000'],
      ['moreMemory', 'memoryBytes', '8388608', '16777216']
    ] as const)
      it(`${robber}: a spec with other limits than were offered is refused before any work, by name and both values`, async () => {
        const before = await world.ledger.snapshot()
        const h = await rob(robber)
        const message = `spec: ${term}: offered ${offered}, given ${given}`
        await nothingHappened(h)
        expect(await changes(before)).to.deep.equal({})
        const told = await h.told()
        expect(told).to.contain(`Failed   ATTEMPTS_EXHAUSTED: shard 0: TERMS_DIFFER ${message}`)
        expect((await h.provision()).failure).to.deep.equal({ code: 'TERMS_DIFFER', message })
        const [line] = await h.logged()
        expect([line?.msg, line?.code, line?.reason]).to.deep.equal([
          ...['an execution was given up', 'TERMS_DIFFER', message]
        ])
        say(told.split('\n')[0] ?? '')
      })

    it('a liar gets no bid any more from whom it lied to, and others get theirs as before', async () => {
      const before = await world.ledger.snapshot()
      const [first] = heists.filter(h => h.home === players.get('moreGas')?.home)
      const second = await rob('moreGas')
      expect(nameOf(second), 'the one that has not been lied to').to.not.equal(first && nameOf(first))
      await nothingHappened(second)
      const third = await rob('moreGas', { overrides: short({ deadline: '10s' }) })
      expect(third.job.failure?.code).to.equal('MATCH_TIMEOUT')
      expect(third.job.executions).to.equal(0)
      expect(await changes(before)).to.deep.equal({})
      for (const { client } of world.net.peers)
        expect((await statusOf(client)).provider?.refusals['lied-before']).to.be.greaterThan(0)
      say(`Failed   MATCH_TIMEOUT: ${third.job.failure?.message ?? ''}`)
      heists.pop() // nobody agreed: there is no escrow
      const h = await buy({ overrides: short({ count: 4 }) })
      expect(h.job.state, story(h.job)).to.equal('settled')
    })

    it('partForAll: a tenth of the price as if it bought all is refused before any work, by name and both values', async () => {
      const before = await world.ledger.snapshot()
      const h = await rob('partForAll')
      await nothingHappened(h)
      expect(await changes(before)).to.deep.equal({})
      const about = 'gas: offered 100000000, given 1000000000'
      const said = `TERMS_DIFFER the handover names other work than the price buys (${about})`
      expect(await h.told()).to.contain(`shard 0: ${said}`)
      const [line] = await h.logged()
      expect(line?.msg).to.equal('a task was not taken')
      expect(line?.refusal).to.deep.include({ code: 'TERMS_DIFFER', term: 'gas' })
      expect([line?.refusal?.offered, line?.refusal?.given]).to.deep.equal(['100000000', '1000000000'])
      say(`Failed   ATTEMPTS_EXHAUSTED: shard 0: ${said}`)
    })

    it('restForAll: a task that has all before it stops where its tenth is used up, paid for that', async () => {
      const before = await world.ledger.snapshot()
      const h = await rob('restForAll')
      // the provider claims with the receipt, or the requester ends it with consent for as much: whoever comes first
      const { outcome, paid, fee } = await h.closed()
      expect(outcome, story(h.job)).to.be.oneOf(['accepted', 'cancelled'])
      expect(paid + fee).to.equal(h.price)
      expect(h.price, 'a tenth of what the ask is for 1e9 of gas').to.equal(parseAmount('0.00002'))
      expect(h.execution.gas, 'work that was done').to.equal('100000000')
      expect(await changes(before)).to.deep.equal({
        ...{ [nameOf(h)]: paid, [nameOfRobber('restForAll')]: -h.price, fees: fee }
      })
      expect(h.job.shardsDone).to.equal(0)
      expect((await h.provision()).failure?.code).to.equal('LIMIT_GAS')
      expect(await h.told()).to.contain('shard 0: LIMIT_GAS the task used all of its gas')
      say(
        `${outcome}, paid ${h.execution.closing?.paid ?? ''} of ${h.execution.price} for ${h.execution.gas} of gas`
      )
    })
  })

  describe('that take their time', () => {
    const ends = new Map<Robber, Promise<Heist>>()
    const endOf = async (robber: Robber): Promise<Heist> => {
      const end = ends.get(robber)
      if (end === undefined) throw new Error(`${robber} was not begun`)
      return await end
    }
    before(async () => {
      await Promise.all(SLOW.map(r => enter(r)))
      for (const r of SLOW) {
        const end = rob(r, DISPUTING.includes(r) ? { challengeSeconds: 20 } : {})
        end.catch(() => undefined) // its test looks at it
        ends.set(r, end)
      }
    })
    /** What the requester has less than before. */
    const lost = async (robber: Robber): Promise<bigint> =>
      -((await changes(start))[nameOfRobber(robber)] ?? 0n)

    it('lateStart: a start that was held back until no delivery fits is refused before any work', async () => {
      const h = await endOf('lateStart')
      await nothingHappened(h)
      expect(await lost('lateStart')).to.equal(0n)
      const said = 'the task came too late for the work to be delivered by the deadline'
      expect(await h.told()).to.contain(`shard 0: TIME_SHORT ${said}`)
      const [line] = await h.logged()
      expect([line?.msg, line?.refusal?.code]).to.deep.equal(['a task was not taken', 'TIME_SHORT'])
      say(`Failed   ATTEMPTS_EXHAUSTED: shard 0: TIME_SHORT ${said}`)
    })

    it('neverPays: a result that was shown and not paid for is committed on the chain, and paid', async () => {
      const h = await endOf('neverPays')
      const { paid } = await paidBy(h, 'released', ['opened', 'delivered', 'closed'])
      expect(await lost('neverPays')).to.equal(h.price)
      expect(await h.shownAfterCommit(), 'shown before').to.be.lessThan(-2_000)
      expect((await h.provision()).state).to.equal('paid')
      say(`released, paid ${paid} of ${h.price} wei`)
    })

    it('lateAndUnpaid: a result for which no receipt could come in time is committed before it is shown, and paid', async () => {
      const h = await endOf('lateAndUnpaid')
      const { paid } = await paidBy(h, 'released', ['opened', 'delivered', 'closed'])
      expect(await lost('lateAndUnpaid')).to.equal(h.price)
      const after = await h.shownAfterCommit()
      // blocks know seconds; without the rule it is shown six seconds before
      expect(after).to.be.greaterThan(-2_000)
      say(`released, paid ${paid} of ${h.price} wei; shown ${after} ms after its block`)
    })

    it('falseDispute: a right result is run again and ruled for its provider, and the dispute bond is lost to it', async () => {
      const h = await endOf('falseDispute')
      const { paid } = await paidBy(h, 'ruled', ['opened', 'delivered', 'disputed', 'closed'])
      expect(await lost('falseDispute')).to.equal(h.price + h.disputeBond(BOND))
      say(`ruled, paid ${paid} of ${h.price} wei and ${h.disputeBond(BOND)} of the dispute bond`)
    })

    it('restAndUnpaid: what was done until its tenth was used up is committed, and ruled for its provider', async () => {
      const h = await endOf('restAndUnpaid')
      const { paid } = await paidBy(h, 'ruled', ['opened', 'delivered', 'disputed', 'closed'])
      expect(h.price, 'a tenth of what the ask is for 1e9 of gas').to.equal(parseAmount('0.00002'))
      expect(await lost('restAndUnpaid')).to.equal(h.price + h.disputeBond(BOND))
      const { reason } = await caseOf(h.execution.agreement)
      expect(reason).to.equal('running the task again gives the same')
      expect((await h.provision()).failure?.code).to.equal('LIMIT_GAS')
      say(`ruled, paid ${paid} of ${h.price} wei and ${h.disputeBond(BOND)} of the dispute bond`)
    })

    it('withholdsEvidence: who shows the arbiter nothing loses', async () => {
      const h = await endOf('withholdsEvidence')
      await paidBy(h, 'ruled', ['opened', 'delivered', 'disputed', 'closed'])
      expect(await lost('withholdsEvidence')).to.equal(h.price + h.disputeBond(BOND))
      const ruled = await caseOf(h.execution.agreement)
      expect(ruled.reason).to.equal('the requester withholds its evidence')
      expect(ruled.heard).to.deep.equal(['provider'])
      say(`ruled: ${ruled.reason ?? ''}`)
    })
  })

  describe('before the arbiter', () => {
    it('what the arbiter cannot run again is left to a person: shoal disputes shows it, shoal rule decides it', async () => {
      const before = await world.ledger.snapshot()
      const { home, name } = players.get('falseDispute') ?? (await enter('falseDispute'))
      const overrides = short({ 'resources.memory': '32MiB' })
      const job = await begin(world, home, 'unjudged', { overrides, challengeSeconds: 20 })
      const left = await until('it is left to a person', 60_000, async () => {
        const { stdout } = await shoal(['disputes'], { home: arbiter() })
        return stdout.split('\n').find(l => l.includes('left to a person'))
      })
      say(left)
      expect(left).to.match(
        /^0x\w{10} +arbiter +0\.0002 SHL +waiting +left to a person: the task needs more memory/
      )
      const id = /^0x\w+/.exec(left)?.[0] ?? ''
      const rule = (share: string) => shoal(['rule', id, '--provider', share], { home: arbiter() })
      expect((await rule('120%')).code).to.equal(2)
      const ruled = await rule('100%')
      expect(ruled.code, ruled.stderr).to.equal(0)
      expect(ruled.stdout).to.equal(
        `Dispute ${id} is decided: 100 % to the provider, 0 % of its bond. The ruling goes to the chain.\n`
      )
      say(ruled.stdout.trim())
      const again = await rule('0%')
      expect([again.code, again.stdout], 'only once').to.deep.equal([2, ''])
      say(again.stderr.trim().split('\n')[0] ?? '')
      const h = kept(await job.end())
      const { paid, fee } = await paidBy(h, 'ruled', ['opened', 'delivered', 'disputed', 'closed'])
      const bond = h.disputeBond(BOND)
      expect(await changes(before)).to.deep.equal({
        ...{ [nameOf(h)]: paid + bond, [name]: -h.price - bond, fees: fee }
      })
      expect((await caseOf(h.execution.agreement)).ruling).to.deep.equal({ provider: 100, slash: 0 })
    })

    it('garbage: a result that was made up is found by the copies, ruled against, and costs its author the bond', async () => {
      const { name, home } = await enter('garbage', true)
      const before = await world.ledger.snapshot()
      await until('the requester has heard of it', 60_000, async () => {
        const { offers } = await honest.client.call<{ offers: unknown[] }>('GET', '/v1/offers')
        return offers.length === 3
      })
      const copies = { 'verify.tier': 'replicas', 'verify.copies': 3, 'match.window': '4s', 'match.bids': 3 }
      const h = await play(world, world.net.requester.home, 'copies', {
        ...{ overrides: short(copies), challengeSeconds: 30 }
      })
      expect(h.job.state, story(h.job)).to.equal('settled')
      const honestOnes = world.net.peers.map(p => p.operator)
      const liar = h.job.executionList.find(e => !honestOnes.includes(e.operator as DevPeer['operator']))
      expect(liar?.state, story(h.job)).to.equal('resolved')
      expect(liar?.failure?.code).to.equal('RESULT_MISMATCH')
      const opened = h.job.executionList.filter(e => e.state !== 'declined')
      const ends = await Promise.all(opened.map(e => h.closedOf(e.agreement)))
      const ruled = ends.find(c => c.agreement === liar?.agreement)
      expect([ruled?.outcome, ruled?.paid, ruled?.refunded, ruled?.bondSlashed]).to.deep.equal([
        ...['ruled', 0n, h.price, BOND]
      ])
      const price = h.price
      expect(await changes(before)).to.deep.equal({
        ...{ 'peer-1': price - price / 100n, 'peer-2': price - price / 100n, fees: (2n * price) / 100n },
        ...{ requester: BOND - 2n * price, [name]: -BOND }
      })
      const told = await h.told()
      expect(told).to.match(/Refused {2}shard 0 attempt 1 of .*: .*final\.txt/)
      const { reason } = await caseOf(ruled?.agreement ?? '')
      expect(reason).to.match(/running the task again gives something else: .*final\.txt/)
      const own = await shoal(['disputes'], { home })
      expect(own.stdout).to.match(/provider +0\.0002 SHL +ruled/)
      say(`ruled: ${reason ?? ''}`)
    })
  })

  describe('at the end', () => {
    it('nobody honest was banned or banned anybody, every slot is free, and every wei is where the escrows say', async () => {
      for (const client of [...world.net.peers.map(p => p.client), honest.client]) {
        const { network, provider } = await statusOf(client)
        const { offences, bans, bannedBy } = network
        expect({ offences, bans, bannedBy }).to.deep.equal({ offences: {}, bans: [], bannedBy: [] })
        expect(provider?.slotsFree).to.equal(provider?.slotsTotal)
      }
      const owned = [...(await world.ledger.snapshot()).values()].reduce((a, b) => a + b, 0n)
      expect(owned, 'all tokens').to.equal([...start.values()].reduce((a, b) => a + b, 0n))
    })
  })
})
