/** The habits of public RPCs, between the settlement client and a real chain, over real sockets: the cases 03 and 05 of strangers. */
import { expect } from 'chai'
import type { Settlement, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { httpRpc } from '../../../src/settlement/rpc/adapters/http-rpc.ts'
import { createSettlement } from '../../../src/settlement/settlement.ts'
import { startTroubleProxy, type TroubleProxy } from '../../chain-trouble/http-proxy.ts'
import { lateReceipts, narrowEvents, noEvents, seldom } from '../../chain-trouble/pools.ts'
import {
  clock,
  ETHER,
  folderFor,
  log,
  opened,
  party,
  random,
  removeFolder,
  startChain,
  until,
  type Party
} from './support.ts'

describe('a public RPC', function () {
  this.timeout(60_000)
  let folder: string
  let chain: EmbeddedChain
  let proxy: TroubleProxy
  const clients: Settlement[] = []

  before(async () => {
    folder = await folderFor()
    chain = await startChain(folder)
    proxy = await startTroubleProxy(chain.rpcUrl)
  })
  afterEach(async () => {
    proxy.habit = undefined
    await Promise.all(clients.splice(0).map(c => c.stop()))
  })
  after(async () => {
    await proxy.stop()
    await chain.stop()
    await removeFolder(folder)
  })

  /** A funded account whose requests pass through the proxy. */
  const client = async (): Promise<Party> => {
    const p = await party(chain, { deposit: 1_000n })
    await p.settlement.stop()
    const { network } = chain
    const common = { network, key: p.key, store: p.store, clock, random, log }
    const options = { pollMs: 30, watchMs: 50, fateMs: 100 }
    const settlement = createSettlement({ ...common, rpcUrl: proxy.url, options })
    await settlement.start()
    clients.push(settlement)
    return { ...p, settlement }
  }
  /** Transactions of an account. */
  const sent = async (p: Party): Promise<number> => {
    const rpc = httpRpc(chain.rpcUrl)
    const params = [p.key.address, 'latest']
    const count = Number(await rpc.send({ method: 'eth_getTransactionCount', params }))
    await rpc.close()
    return count
  }

  it('case 03: receipts that come 15 s late make one withdrawal out of one, at one price', async () => {
    const p = await client()
    const before = await sent(p)
    proxy.habit = lateReceipts(15_000)
    await p.settlement.withdraw(5n)
    proxy.habit = undefined
    const { free, wallet, gas } = await p.settlement.account()
    expect([free, wallet, (await sent(p)) - before]).to.deep.equal([995n, 5n, 1])
    expect(ETHER - gas < ETHER / 1000n, 'not a thousandth of a coin').to.equal(true)
  })

  it('case 03: an RPC that tells nothing of single transactions is asked for whole blocks; nothing is sent twice', async () => {
    const p = await client()
    const before = await sent(p)
    proxy.habit = lateReceipts(8_000, true)
    const done = p.settlement.withdraw(5n)
    await until(() => p.settlement.underWay()[0]?.waits === 'outcome')
    expect((await sent(p)) - before).to.equal(1)
    await done
    expect((await p.settlement.account()).free).to.equal(995n)
    expect((await sent(p)) - before).to.equal(1)
  })

  const events = async (p: Party, wanted: number): Promise<SettlementEvent[]> => {
    const seen: SettlementEvent[] = []
    const stop = new AbortController()
    const watching = p.settlement.watch(undefined, async e => void seen.push(e), stop.signal)
    await until(() => seen.length >= wanted)
    stop.abort()
    await watching
    return seen
  }

  it('case 05: events of 20 blocks at a time are read, all of them, also those of one agreement', async () => {
    const [requester, provider] = [await client(), await client()]
    const first = await opened(requester, provider, chain.deployer.address, { price: 10n, bond: 1n })
    await chain.advance(1)
    for (let i = 0; i < 60; i++) await chain.advance(0)
    proxy.habit = narrowEvents(20)
    const seen = await events(provider, 1)
    expect(seen.map(e => e.agreement)).to.include(first.id)
    expect((await requester.settlement.history(first.id)).map(e => e.kind)).to.deep.equal(['opened'])
    expect(requester.settlement.blindness).to.equal(undefined)
  })

  it('one that wants few requests gets few, and everything is done', async () => {
    const p = await client()
    proxy.habit = seldom(2)
    await p.settlement.withdraw(5n)
    proxy.habit = undefined
    expect((await p.settlement.account()).wallet).to.equal(5n)
  })

  it('tells an escrow as it stood some blocks ago', async () => {
    const [requester, provider] = [await client(), await client()]
    const { id } = await opened(requester, provider, chain.deployer.address, { price: 10n, bond: 1n })
    const state = async (depth: number) => (await provider.settlement.escrow(id, { depth })).state
    expect(await state(0)).to.equal('open')
    expect(await state(20)).to.equal('none')
    for (let i = 0; i < 20; i++) await chain.advance(0)
    expect(await state(20)).to.equal('open')
  })

  it("tells the chain's time, which is this machine's here, and how long a call takes", async () => {
    const p = await client()
    await until(() => p.settlement.clock.now() !== undefined)
    const behind = p.settlement.clock.behind()
    expect(Math.abs(behind?.seconds ?? NaN)).to.be.at.most((behind?.error ?? 0) + 1)
    await p.settlement.withdraw(5n)
    expect(p.settlement.inclusionMs()).to.be.within(1_000, 10_000)
  })

  it('one without events is said to be so', async () => {
    const p = await client()
    proxy.habit = noEvents
    const failed = await p.settlement.history(`0x${'11'.repeat(32)}` as never).catch((e: unknown) => e)
    expect(String(failed)).to.match(/events of an agreement cannot be read/)
  })
})
