/** A network whose contracts are of generation 1: all that was begun is ended, nothing is begun. Real anvil, the bytecode of that time. */
import { expect } from 'chai'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import { isShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'
import type { AgreementId } from '../../../src/protocol/ids.ts'
import type { NetworkParameters, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { generationsWith } from '../../../src/settlement/generation.ts'
import { connectRpc, verifyNetwork } from '../../../src/settlement/index.ts'
import { createTransactionKey } from '../../../src/settlement/keys/operator.ts'
import type { Rpc } from '../../../src/settlement/rpc/reliable.ts'
import { firstNetwork, firstTokens, openFirst } from '../../support/generation-1.ts'
import {
  clock,
  ETHER,
  folderFor,
  hex32,
  idOf,
  log,
  party,
  random,
  removeFolder,
  startChain,
  stranger,
  terms,
  until,
  type Party
} from './support.ts'

const refused = async (
  work: Promise<unknown>,
  code: ErrorCode
): Promise<Readonly<Record<string, unknown>>> => {
  const e: unknown = await work.then(
    () => undefined,
    (e: unknown) => e
  )
  if (!isShoalError(e, code)) throw e ?? new Error(`expected ${code}`)
  return { ...e.data, message: e.message, next: e.next }
}

describe('a network of generation 1', () => {
  let chain: EmbeddedChain
  let rpc: Rpc
  let network: NetworkParameters
  let requester: Party
  let provider: Party
  let arbiter: Party
  const events: SettlementEvent[] = []
  const watching = new AbortController()
  /** Undone from the last one back, also when the rest could not be begun. */
  const undo: (() => Promise<unknown>)[] = []

  before(async () => {
    const folder = await folderFor()
    undo.push(async () => await removeFolder(folder))
    chain = await startChain(folder)
    undo.push(chain.stop)
    rpc = connectRpc({ rpcUrl: chain.rpcUrl, clock, random, log })
    undo.push(rpc.close)
    const deployer = createTransactionKey(random.bytes(32))
    await chain.fund(deployer.address, 10n * ETHER, 0n)
    network = await firstNetwork({ rpc, clock }, deployer, stranger())
    const old = { ...chain, network } as EmbeddedChain
    const funded = async (): Promise<Party> => {
      const p = await party(old)
      undo.push(async () => await p.settlement.stop())
      await chain.fund(p.key.address, ETHER, 0n)
      await firstTokens({ rpc, clock }, deployer, network, p.key.address, 100_000n)
      await p.settlement.deposit(100_000n)
      return p
    }
    requester = await funded()
    provider = await funded()
    arbiter = await funded()
    const watch = provider.settlement.watch(undefined, async e => void events.push(e), watching.signal)
    undo.push(async () => await watch)
  })
  after(async () => {
    watching.abort()
    for (const step of undo.reverse()) await step()
  })

  const open = async (changes: Partial<Agreement> = {}): Promise<{ a: Agreement; id: AgreementId }> => {
    const a = await terms(requester, provider, arbiter.key.address, { splitBps: 4_000, ...changes })
    await openFirst({ rpc, clock }, network, requester.key, provider.key, a)
    return { a, id: idOf(requester, a) }
  }
  const ended = async (id: AgreementId): Promise<SettlementEvent> => {
    const find = () => events.find(e => e.agreement === id && e.kind === 'closed')
    await until(() => find() !== undefined)
    return find() as SettlementEvent
  }

  it('is known by its code', async () => {
    expect(await verifyNetwork(rpc, network)).to.equal(1)
    expect(await verifyNetwork(rpc, chain.network)).to.equal(2)
    expect(requester.settlement.generation).to.equal(1)
    expect(chain.generation).to.equal(2)
  })

  it('ends an agreement that was open on it: delivered, acknowledged, paid', async () => {
    const { a, id } = await open()
    await provider.settlement.deliver(a, hex32(), a.price)
    await provider.settlement.deliver(a, hex32(), a.price)
    expect(await provider.settlement.escrow(id)).to.include({ state: 'delivered', claim: 0n })
    const r = { agreement: id, sequence: 1, digest: hex32(), amount: a.price }
    await provider.settlement.acknowledge(a, r, await requester.key.sign('Receipt', r))
    expect(await ended(id)).to.include({ outcome: 'accepted', paid: 990n, fee: 10n })
    const [, delivered] = await requester.settlement.history(id)
    expect(delivered).to.include({ kind: 'delivered', amount: undefined })
  })

  it('refunds one whose provider is gone, as soon as its deadline has passed', async () => {
    const { a, id } = await open()
    await chain.advance(121)
    await requester.settlement.refund(a, 250n)
    expect(await ended(id)).to.include({ outcome: 'refunded', paid: 247n, fee: 3n, refunded: 750n })
  })

  it('releases, cancels, disputes and splits as it was agreed then', async () => {
    const first = await open()
    await provider.settlement.deliver(first.a, hex32(), first.a.price)
    await chain.advance(61)
    await provider.settlement.release(first.a)
    expect(await ended(first.id)).to.include({ outcome: 'released', paid: 990n })

    const second = await open()
    const release = { agreement: second.id, amount: 50n }
    await requester.settlement.cancel(second.a, release, await provider.key.sign('Release', release))
    expect(await ended(second.id)).to.include({ outcome: 'cancelled', refunded: 950n })

    const third = await open()
    await provider.settlement.deliver(third.a, hex32(), third.a.price)
    await requester.settlement.dispute(third.a)
    await chain.advance(61)
    await requester.settlement.split(third.a)
    expect(await ended(third.id)).to.include({ outcome: 'split', paid: 396n, fee: 4n, refunded: 600n })
  })

  it('gives stake and money back', async () => {
    await arbiter.settlement.stake(100n)
    await arbiter.settlement.unstake(100n)
    await chain.advance(86_401)
    await arbiter.settlement.claimStake()
    const to = stranger()
    expect(await arbiter.settlement.guard()).to.equal(undefined)
    await arbiter.settlement.withdraw(100_000n, to)
    expect((await arbiter.settlement.account(to)).wallet).to.equal(100_000n)
  })

  it('opens nothing new, by name and with what to do instead', async () => {
    const a = await terms(requester, provider, arbiter.key.address, { splitBps: 0 })
    const signature = await provider.key.sign('Agreement', a)
    const said = await refused(requester.settlement.open(a, signature), 'CHAIN_OLD_GENERATION')
    expect(said.next).to.match(/withdraw.*shoal chain --folder NEW/)
    expect((await requester.settlement.escrow(idOf(requester, a))).state).to.equal('none')
    await refused(requester.settlement.protect(stranger(), 1n), 'CHAIN_OLD_GENERATION')
    const { a: old } = await open()
    await refused(provider.settlement.deliver(old, hex32(), 999n), 'CHAIN_OLD_GENERATION')
  })

  it('is told by every byte of the code but its immutables', async () => {
    for (const [generation, { escrow, vault, token }] of [
      [1, network],
      [2, chain.network]
    ] as const)
      for (const [name, address] of [
        ['Escrow', escrow],
        ['Vault', vault]
      ] as const) {
        const code = String(await rpc.call('eth_getCode', [address, 'latest']))
        expect(generationsWith(name, code)).to.deep.equal([generation])
        const flip = (at: number) => code.slice(0, at) + (code[at] === '0' ? '1' : '0') + code.slice(at + 1)
        // every escrow and every vault hold an address that its deployment wrote in
        const own = (name === 'Vault' ? token : vault).slice(2).toLowerCase()
        const at = code.toLowerCase().indexOf(own)
        expect(at).to.be.greaterThan(0)
        expect(generationsWith(name, flip(at + 39))).to.deep.equal([generation])
        for (const at of [2, 99, 1_999, code.length - 1])
          expect(generationsWith(name, flip(at)), `${name} ${at}`).to.deep.equal([])
        expect(generationsWith(name, `${code}00`)).to.deep.equal([])
      }
  })

  it('is told from code that is of no generation, and from contracts of two, by naming them', async () => {
    const wrong = async (changes: Partial<NetworkParameters>) =>
      await refused(verifyNetwork(rpc, { ...network, ...changes }), 'CHAIN_WRONG_NETWORK')
    expect(await wrong({ escrow: network.token })).to.include({ contract: 'Escrow', address: network.token })
    expect(await wrong({ vault: network.registry })).to.include({ contract: 'Vault' })
    expect((await wrong({ escrow: chain.network.escrow })).message).to.match(/different generations/)
    // what did not change between the two belongs to both, so the wiring must tell
    expect((await wrong({ registry: chain.network.registry })).message).to.match(/registry on the chain/)
    expect((await wrong({ token: chain.network.token })).message).to.match(/token on the chain/)
  })
})
