/**
 * Whole peers of today on a network of generation 1, whose journals hold agreements of that time: they are finished, paid and refunded as
 * they were signed, and nothing new is bought or sold. Real anvil, the peers' own flows, a network in memory between them.
 */
import { expect } from 'chai'
import { join } from 'node:path'
import { createPeer, type Peer } from '../../../src/peer/compose.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { configSchema, type ConfigInput } from '../../../src/peer/home/config-schema.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import type { ExecutionEntry, ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { AgreementId, HexBytes } from '../../../src/protocol/ids.ts'
import type { NetworkParameters, Settlement } from '../../../src/protocol/ports/settlement.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { connectRpc } from '../../../src/settlement/index.ts'
import { createOperatorKey, createTransactionKey } from '../../../src/settlement/keys/operator.ts'
import { domainOf, typedDigest } from '../../../src/settlement/keys/typed.ts'
import type { Rpc } from '../../../src/settlement/rpc/reliable.ts'
import { execution, job, plan, provision } from '../../support/entries.ts'
import { firstNetwork, firstTokens, openFirst } from '../../support/generation-1.ts'
import * as records from '../../support/records.ts'
import { simEngine } from '../../support/sim/engine.ts'
import { SimExchange } from '../../support/sim/exchange.ts'
import { Hub } from '../../support/sim/hub.ts'
import {
  clock,
  ETHER,
  folderFor,
  hex32,
  log,
  memoryStore,
  random,
  removeFolder,
  startChain,
  until
} from '../settlement/support.ts'

const JOB_ID = records.hex(0x51)
const UNFILLED = records.hex(0x52)
const JOB = 'name: a\ntask: { module: a.wasm }\ncount: 1\nprice: { max: 1 }\n'

describe('peers on a network of generation 1', function () {
  this.timeout(120_000)
  const secrets = () => ({
    identity: random.bytes(32),
    operator: random.bytes(32),
    recipient: random.bytes(32)
  })
  const seats = { buyer: secrets(), seller: secrets() }
  const stores = { buyer: memoryStore(), seller: memoryStore() }
  const peers: Peer[] = []
  const hub = new Hub()
  /** Undone from the last one back, also when the rest could not be begun. */
  const undo: (() => Promise<void>)[] = []
  let folder: string
  let chain: EmbeddedChain
  let rpc: Rpc
  let network: NetworkParameters

  before(async () => {
    folder = await folderFor()
    undo.push(async () => await removeFolder(folder))
    chain = await startChain(join(folder, 'chain'))
    undo.push(chain.stop)
    rpc = connectRpc({ rpcUrl: chain.rpcUrl, clock, random, log })
    undo.push(rpc.close)
    const deployer = createTransactionKey(random.bytes(32))
    await chain.fund(deployer.address, 10n * ETHER, 0n)
    network = await firstNetwork({ rpc, clock }, deployer, deployer.address)
    for (const who of ['buyer', 'seller'] as const) {
      const { address } = keyOf(who)
      await chain.fund(address, ETHER, 0n)
      await firstTokens({ rpc, clock }, deployer, network, address, 10n * ETHER)
    }
  })
  after(async () => {
    for (const p of peers.reverse()) await p.stop()
    for (const step of undo.reverse()) await step()
  })

  const keyOf = (who: 'buyer' | 'seller') => createOperatorKey(seats[who].operator, domainOf(network))
  const partnerOf = (who: 'buyer' | 'seller') => ({
    peer: identityFromSeed(seats[who].identity).peerId,
    addresses: [],
    operator: keyOf(who).address,
    recipient: records.filled(9)
  })

  async function peer(who: 'buyer' | 'seller', input: ConfigInput): Promise<Peer> {
    const config = configSchema.parse(input)
    const engine = simEngine(clock, 0)
    const wire = hub.network(identityFromSeed(seats[who].identity).peerId, config.profile)
    return await createPeer({
      ...{ clock, random, config, log, files: nodeFiles },
      home: layoutOf(join(folder, who)),
      secrets: seats[who],
      rpcUrl: chain.rpcUrl,
      chain: network,
      openStore: async () => stores[who],
      ports: {
        engines: new Map([[engine.id, engine]]),
        wire: { network: wire, exchange: blocks => new SimExchange(hub, wire.port, blocks) }
      }
    })
  }

  async function agreed(): Promise<{ a: Agreement; id: AgreementId; signatures: [HexBytes, HexBytes] }> {
    const [buyer, seller] = [keyOf('buyer'), keyOf('seller')]
    const block = (await rpc.call('eth_getBlockByNumber', ['latest', false])) as { timestamp: string }
    const now = BigInt(block.timestamp)
    const a: Agreement = {
      jobId: JOB_ID,
      ...{ shard: 0, attempt: 1, requester: buyer.address, provider: seller.address },
      beneficiary: seller.address,
      arbiter: network.arbiter,
      ...{ price: 1_000n, bond: 100n, specHash: hex32(), bidRoot: hex32(), salt: hex32() },
      ...{ openBy: now + 60n, deliverBy: now + 120n },
      ...{ challengeWindow: 60, arbitrationWindow: 3_600, splitBps: 5_000 }
    }
    await openFirst({ rpc, clock }, network, buyer, seller, a)
    const id = typedDigest(domainOf(network), 'Agreement', a)
    return { a, id, signatures: [await buyer.sign('Agreement', a), await seller.sign('Agreement', a)] }
  }

  /** The vault is filled by the client itself: a peer of today puts nothing more into an old one. */
  async function fill(settlement: Settlement): Promise<void> {
    await settlement.deposit(ETHER)
  }

  const provider = async (changes: Partial<ProviderEntry>): Promise<ProviderEntry> => {
    const { a, id, signatures } = await agreed()
    const base = await provision({ checkpoint: undefined })
    const providerSignature = signatures[1]
    const entry = { ...base, agreementId: id, agreement: a, providerSignature }
    return { ...entry, requester: partnerOf('buyer'), ...changes }
  }

  it('end what was begun: the seller is paid with and without the buyer, the buyer gets back what is lost', async () => {
    const [buyer, seller] = [
      await peer('buyer', { profile: 'light', wallet: { autoDeposit: '5' } }),
      await peer('seller', { profile: 'full', wallet: { autoDeposit: '5' } })
    ]
    peers.push(buyer, seller)
    // the vaults are filled and the journals written before the peers come up, as an older program left them
    for (const p of [buyer, seller]) {
      await p.ctx.settlement.start()
      await fill(p.ctx.settlement)
    }
    const sellers = new Journal(stores.seller, clock)
    const acknowledged = await provider({ state: 'finished' })
    const receipt = { agreement: acknowledged.agreementId, sequence: 1, digest: hex32(), amount: 1_000n }
    await sellers.putProvider(
      { ...acknowledged, receipt: { receipt, signature: await keyOf('buyer').sign('Receipt', receipt) } },
      'receipt'
    )
    const denied = await provider({ state: 'finished' })
    const result = await records.result(records.provider, { agreement: denied.agreementId })
    await sellers.putProvider({ ...denied, result }, 'finished')

    const lost = await agreed()
    const buyers = new Journal(stores.buyer, clock)
    const entry: ExecutionEntry = {
      ...(await execution(records.provider)),
      ...{ jobId: JOB_ID, shard: 0, state: 'lost', agreementId: lost.id, agreement: lost.a },
      providerSignature: lost.signatures[1],
      provider: partnerOf('seller')
    }
    await buyers.putJob(job({ id: JOB_ID, state: 'failing' }), 'failing')
    await buyers.putExecution(entry, 'lost')

    const deadline = clock.now() + 600_000
    await buyers.putJob(job({ id: UNFILLED, state: 'running', plan: plan({ deadline }) }), 'running')

    for (const p of [seller, buyer]) await p.start()
    const stateOf = async (id: AgreementId) => (await sellers.provider(id))?.state
    await until(async () => (await stateOf(acknowledged.agreementId)) === 'paid')
    await until(async () => (await stateOf(denied.agreementId)) === 'delivered')
    await chain.advance(121)
    await until(async () => (await stateOf(denied.agreementId)) === 'paid')
    await until(async () => (await buyers.executions(JOB_ID))[0]?.state === 'refunded')
    const [back] = await buyers.executions(JOB_ID)
    // a job that would need a new agreement is told why there is none
    await until(async () => (await buyers.job(UNFILLED))?.state === 'failed')
    expect((await buyers.job(UNFILLED))?.failure?.code).to.equal('CHAIN_OLD_GENERATION')
    expect(back?.closing).to.include({ outcome: 'refunded', paid: 0n, refunded: 1_000n })
    // nothing was put into the old vault by itself
    expect((await buyer.ctx.settlement.account()).wallet).to.equal(9n * ETHER)
  })

  it('begin nothing: a job is refused before anything is sealed or signed, and no offer is bid on', async () => {
    const [buyer, seller] = peers as [Peer, Peer]
    const options = { folder, out: join(folder, 'out') }
    const refused: unknown = await buyer.requester
      .submit(parseJobFile(JOB, 'job.yaml'), options)
      .catch((e: unknown) => e)
    if (!isShoalError(refused, 'CHAIN_OLD_GENERATION')) throw refused
    expect(refused.next).to.match(/withdraw/)
    expect(await nodeFiles.stat(options.out)).to.equal(undefined)
    expect(seller.provider?.policy.verdict()).to.include({ ok: false })
    expect(seller.provider?.advertiser.body().slotsFree).to.equal(0)
  })

  it('let the money go', async () => {
    const [buyer] = peers as [Peer]
    await buyer.ctx.settlement.withdraw(1_000n)
    expect((await buyer.ctx.settlement.account()).wallet).to.equal(9n * ETHER + 1_000n)
  })
})
