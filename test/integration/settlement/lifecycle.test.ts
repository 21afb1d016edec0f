import { expect } from 'chai'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import { isShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'
import type { Address, AgreementId } from '../../../src/protocol/ids.ts'
import type { SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import {
  folderFor,
  hex32,
  idOf,
  opened,
  party,
  removeFolder,
  startChain,
  stranger,
  terms,
  until,
  type Party
} from './support.ts'

const fails = async (work: Promise<unknown>, code: ErrorCode, error?: string): Promise<void> => {
  try {
    await work
  } catch (e) {
    if (!isShoalError(e, code)) throw e
    if (error !== undefined) expect(e.data.error).to.equal(error)
    return
  }
  expect.fail(`expected ${code}`)
}

const BURNED = '0x000000000000000000000000000000000000dEaD' as Address

describe('the life of an agreement on a real chain', () => {
  let folder: string
  let chain: EmbeddedChain
  let requester: Party
  let provider: Party
  let arbiter: Party
  const events: SettlementEvent[] = []
  const watching = new AbortController()
  let watch: Promise<void>

  before(async () => {
    folder = await folderFor()
    chain = await startChain(folder)
    ;[requester, provider, arbiter] = await Promise.all([
      party(chain, { deposit: 1_000_000n }),
      party(chain, { deposit: 1_000_000n }),
      party(chain, { deposit: 1n })
    ])
    watch = requester.settlement.watch(undefined, async e => void events.push(e), watching.signal)
  })
  after(async () => {
    watching.abort()
    await watch
    await Promise.all([requester, provider, arbiter].map(async p => await p.settlement.stop()))
    await chain.stop()
    await removeFolder(folder)
  })

  const receipt = async (id: AgreementId, amount: bigint, sequence = 1) => {
    const r = { agreement: id, sequence, digest: hex32(), amount }
    return { r, signature: await requester.key.sign('Receipt', r) }
  }
  const free = async (p: Party): Promise<bigint> => (await p.settlement.account()).free
  const closed = async (id: AgreementId): Promise<SettlementEvent> => {
    const find = () => events.find(e => e.agreement === id && e.kind === 'closed')
    await until(() => find() !== undefined)
    return find() as SettlementEvent
  }
  /** Runs `work` and tells by how much each side's free balance and the treasury's changed. */
  const change = async (work: () => Promise<void>) => {
    const treasury = chain.deployer.address
    const look = async () =>
      await Promise.all([
        free(requester),
        free(provider),
        requester.settlement.account(treasury).then(a => a.free)
      ])
    const before = await look()
    await work()
    const now = await look()
    return now.map((n, i) => n - (before[i] ?? 0n))
  }

  it('accepts: the full receipt pays at once, each step works twice', async () => {
    const moved = await change(async () => {
      const { a, id, signature } = await opened(requester, provider, arbiter.key.address)
      await requester.settlement.open(a, signature)
      // the price, and the dispute bond with it
      expect((await requester.settlement.account()).locked).to.equal(1100n)
      const part = await receipt(id, 300n)
      await provider.settlement.acknowledge(a, part.r, part.signature)
      await provider.settlement.acknowledge(a, part.r, part.signature)
      expect((await provider.settlement.escrow(id)).acknowledged).to.equal(300n)
      await provider.settlement.deliver(a, hex32(), a.price)
      await provider.settlement.deliver(a, hex32(), a.price)
      const full = await receipt(id, 1000n, 2)
      await provider.settlement.acknowledge(a, full.r, full.signature)
      await provider.settlement.acknowledge(a, full.r, full.signature)
      await provider.settlement.release(a)
      expect((await provider.settlement.escrow(id)).state).to.equal('closed')
      const end = await closed(id)
      expect(end).to.include({
        kind: 'closed',
        outcome: 'accepted',
        paid: 990n,
        fee: 10n,
        refunded: 0n,
        bondSlashed: 0n
      })
      expect(events.filter(e => e.agreement === id).map(e => e.kind)).to.deep.equal([
        'opened',
        'acknowledged',
        'delivered',
        'acknowledged',
        'closed'
      ])
    })
    expect(moved).to.deep.equal([-1000n, 990n, 10n])
  })

  it('releases after the challenge window when the requester is silent, twice', async () => {
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    await provider.settlement.deliver(a, hex32(), a.price)
    await fails(provider.settlement.release(a), 'CHAIN_REVERTED', 'TooEarly')
    await chain.advance(61)
    const moved = await change(async () => {
      await provider.settlement.release(a)
      await provider.settlement.release(a)
    })
    expect(moved).to.deep.equal([100n, 1090n, 10n])
    expect(await closed(id)).to.include({ outcome: 'released', paid: 990n, fee: 10n })
  })

  it('refunds after the deadline but pays the part that the requester acknowledges, twice', async () => {
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    const part = await receipt(id, 200n)
    await provider.settlement.acknowledge(a, part.r, part.signature)
    await fails(requester.settlement.refund(a, 250n), 'CHAIN_REVERTED', 'TooEarly')
    await chain.advance(121)
    await fails(requester.settlement.refund(a, 250n), 'CHAIN_REVERTED', 'TooEarly')
    await chain.advance(60)
    await fails(provider.settlement.deliver(a, hex32(), a.price), 'CHAIN_REVERTED', 'TooLate')
    const moved = await change(async () => {
      await requester.settlement.refund(a, 250n)
      await requester.settlement.refund(a, 250n)
    })
    expect(moved).to.deep.equal([850n, 348n, 2n])
    expect(await closed(id)).to.include({ outcome: 'refunded', paid: 248n, fee: 2n, refunded: 750n })
  })

  it('cancels with the consent of the provider, twice', async () => {
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    const release = { agreement: id, amount: 50n }
    const consent = await provider.key.sign('Release', release)
    const forged = await arbiter.key.sign('Release', release)
    await fails(requester.settlement.cancel(a, release, forged), 'CHAIN_REVERTED', 'BadSignature')
    await fails(arbiter.settlement.cancel(a, release, consent), 'CHAIN_REVERTED', 'BadSignature')
    const moved = await change(async () => {
      await requester.settlement.cancel(a, release, consent)
      await requester.settlement.cancel(a, release, consent)
    })
    expect(moved).to.deep.equal([1050n, 150n, 0n])
    expect(await closed(id)).to.include({ outcome: 'cancelled', paid: 50n, fee: 0n, refunded: 950n })
  })

  it('rules a dispute: share of the price and of the dispute bond, slash of the bond', async () => {
    const moved = await change(async () => {
      const { a, id } = await opened(requester, provider, arbiter.key.address)
      await provider.settlement.deliver(a, hex32(), a.price)
      await requester.settlement.dispute(a)
      await requester.settlement.dispute(a)
      expect((await requester.settlement.account()).locked).to.equal(1100n)
      await fails(provider.settlement.rule(a, 10_000, 0), 'CHAIN_REVERTED', 'NotAllowed')
      await arbiter.settlement.rule(a, 2500, 5000)
      await arbiter.settlement.rule(a, 2500, 5000)
      expect(await closed(id)).to.include({
        outcome: 'ruled',
        paid: 248n,
        fee: 2n,
        refunded: 750n,
        bondSlashed: 50n
      })
    })
    expect(moved).to.deep.equal([-225n, 223n, 2n])
  })

  it('gives the dispute bond to the provider when the ruling is wholly for it', async () => {
    const moved = await change(async () => {
      const { a } = await opened(requester, provider, arbiter.key.address)
      await provider.settlement.deliver(a, hex32(), a.price)
      await requester.settlement.dispute(a)
      await arbiter.settlement.rule(a, 10_000, 0)
    })
    expect(moved).to.deep.equal([-1100n, 1090n, 10n])
  })

  it('ends in favour of nobody when the arbiter is silent, twice', async () => {
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    await provider.settlement.deliver(a, hex32(), a.price)
    await requester.settlement.dispute(a)
    await fails(provider.settlement.split(a), 'CHAIN_REVERTED', 'TooEarly')
    await chain.advance(61)
    await provider.settlement.split(a)
    await requester.settlement.split(a)
    expect(await closed(id)).to.include({ outcome: 'split', paid: 0n, fee: 0n, refunded: 0n })
    expect((await provider.settlement.account(BURNED)).free).to.equal(1000n)
  })

  it('delivers for less than the price: the requester accepts the claim, or it is released', async () => {
    const first = await opened(requester, provider, arbiter.key.address)
    await provider.settlement.deliver(first.a, hex32(), 400n)
    expect(await requester.settlement.escrow(first.id)).to.include({ state: 'delivered', claim: 400n })
    const part = await receipt(first.id, 400n)
    await requester.settlement.acknowledge(first.a, part.r, part.signature)
    expect(await closed(first.id)).to.include({ outcome: 'accepted', paid: 396n, fee: 4n, refunded: 600n })
    const said = events.find(e => e.agreement === first.id && e.kind === 'delivered')
    expect(said).to.include({ amount: 400n })

    const second = await opened(requester, provider, arbiter.key.address)
    await provider.settlement.deliver(second.a, hex32(), 300n)
    await chain.advance(61)
    await provider.settlement.release(second.a)
    expect(await closed(second.id)).to.include({ outcome: 'released', paid: 297n, refunded: 700n })
  })

  it('disputes a checkpoint when nothing was delivered', async () => {
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    await fails(requester.settlement.dispute(a), 'CHAIN_REVERTED', 'TooEarly')
    await chain.advance(121)
    await requester.settlement.dispute(a)
    await arbiter.settlement.rule(a, 0, 10_000)
    expect(await closed(id)).to.include({ outcome: 'ruled', paid: 0n, refunded: 1000n, bondSlashed: 100n })
  })

  it('opens for the requester alone', async () => {
    const a = await terms(requester, provider, arbiter.key.address)
    const signature = await provider.key.sign('Agreement', a)
    await fails(provider.settlement.open(a, signature), 'CHAIN_REVERTED', 'NotAllowed')
  })

  it('names the side that lacks money', async () => {
    const poor = await party(chain)
    await chain.fund(poor.key.address, 10n ** 18n, 0n)
    const a = await terms(requester, poor, arbiter.key.address)
    const signature = await poor.key.sign('Agreement', a)
    try {
      await requester.settlement.open(a, signature)
      expect.fail('opened without a bond')
    } catch (e) {
      if (!isShoalError(e, 'FUNDS_LOW')) throw e
      expect(e.data.owner).to.equal(poor.key.address)
    }
    await fails(poor.settlement.deposit(1n), 'FUNDS_LOW')
    await fails(poor.settlement.withdraw(1n), 'FUNDS_LOW')
    await poor.settlement.stop()
  })

  it('keeps to a guard: so much a day elsewhere, no limit home, changed by its beneficiary alone', async () => {
    const [hot, cold] = [await party(chain, { deposit: 1000n }), await party(chain, { deposit: 1n })]
    const [home, to] = [cold.key.address, stranger()]
    expect(await hot.settlement.guard()).to.equal(undefined)
    await hot.settlement.protect(home, 100n)
    await hot.settlement.protect(home, 100n)
    expect(await hot.settlement.guard()).to.deep.equal({ beneficiary: home, dailyLimit: 100n, left: 100n })
    await hot.settlement.withdraw(60n, to)
    try {
      await hot.settlement.withdraw(41n, to)
      expect.fail('withdrew above the limit')
    } catch (e) {
      if (!isShoalError(e, 'WITHDRAW_LIMIT')) throw e
      expect(e.data).to.include({ amount: 41n, left: 40n, dailyLimit: 100n, beneficiary: home })
    }
    await hot.settlement.withdraw(500n, home)
    await fails(hot.settlement.protect(to, 10_000n), 'CHAIN_REVERTED', 'NotGuardian')
    await cold.settlement.protect(home, 500n, { owner: hot.key.address })
    expect((await cold.settlement.guard(hot.key.address))?.left).to.equal(440n)
    const nobody = ('0x' + '0'.repeat(40)) as Address
    await cold.settlement.protect(nobody, 0n, { owner: hot.key.address })
    await cold.settlement.protect(nobody, 0n, { owner: hot.key.address })
    await hot.settlement.withdraw(440n, to)
    expect((await hot.settlement.account(to)).wallet).to.equal(500n)
    await Promise.all([hot, cold].map(async p => await p.settlement.stop()))
  })

  it('says that gas money is missing', async () => {
    const poor = await party(chain)
    await fails(poor.settlement.register(hex32(), poor.key.address), 'FUNDS_LOW')
    await poor.settlement.stop()
  })

  it('registers, stakes, unbonds and withdraws', async () => {
    const p = await party(chain, { deposit: 1000n })
    const key = hex32()
    await p.settlement.register(key, p.key.address)
    await p.settlement.register(key, p.key.address)
    await p.settlement.stake(600n)
    expect(await p.settlement.stakeOf(p.key.address)).to.equal(600n)
    await p.settlement.unstake(200n)
    await fails(p.settlement.claimStake(), 'CHAIN_REVERTED', 'StillUnbonding')
    await chain.advance(86_401)
    await p.settlement.claimStake()
    await p.settlement.claimStake()
    const to = stranger()
    await p.settlement.withdraw(500n, to)
    expect(await p.settlement.account()).to.include({ free: 100n, staked: 400n, wallet: 0n })
    expect((await p.settlement.account(to)).wallet).to.equal(500n)
    await p.settlement.stop()
  })

  it('runs 50 actions at once through one nonce queue', async () => {
    const list = await Promise.all(
      Array.from({ length: 50 }, () => terms(requester, provider, arbiter.key.address))
    )
    const open = async (a: Agreement): Promise<void> =>
      await requester.settlement.open(a, await provider.key.sign('Agreement', a))
    await Promise.all(list.map(open))
    const states = await Promise.all(
      list.map(async a => (await requester.settlement.escrow(idOf(requester, a))).state)
    )
    expect(new Set(states)).to.deep.equal(new Set(['open']))
  })
})
