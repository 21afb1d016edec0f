/** The composition root: the one place that knows all classes, wires them, and hands out every logger and signal. */
import { join } from 'node:path'
import { createResultComparer } from '../executor/compare/comparer.ts'
import { identityFromSeed, identityVerifier } from '../p2p/identity.ts'
import { createPeerNetwork } from '../p2p/network.ts'
import { BoundedMap } from '../protocol/bounded-map.ts'
import { ShoalError } from '../protocol/errors.ts'
import type {
  Clock,
  ContentStore,
  Engine,
  Files,
  GpuProbe,
  Logger,
  NetworkParameters,
  PeerNetwork,
  Random,
  Startable,
  Store
} from '../protocol/ports/index.ts'
import type { CapacityKind } from '../protocol/records/attestation.ts'
import { createOperatorKey } from '../settlement/keys/operator.ts'
import { domainOf, typedDataVerifier } from '../settlement/keys/typed.ts'
import { networkDigest } from '../settlement/network.ts'
import { createSettlement } from '../settlement/settlement.ts'
import type { RpcTransport } from '../settlement/rpc/rpc.ts'
import type { BlockFiles, Blocks } from '../storage/blocks.ts'
import { createContentStore, type ContentStoreParts } from '../storage/content-store.ts'
import type { BlockExchange } from '../storage/exchange.ts'
import { createRecipientKey, wrapKey } from '../storage/hpke.ts'
import { AdvertBook } from './advert-book.ts'
import { Arbiter } from './arbiter/arbiter.ts'
import { ArbiterFinder } from './disputes/find-arbiter.ts'
import type { Answerer } from './capacity/answers/answer.ts'
import { CardKeeper } from './card-keeper.ts'
import { ChainNews } from './chain-news.ts'
import { clockOff } from './clock-off.ts'
import type { PeerContext } from './context.ts'
import type { Config } from './home/config.ts'
import type { Secrets } from './home/keystore.ts'
import type { HomeLayout } from './home/layout.ts'
import { closing, openEngines } from './engines.ts'
import { Housekeeper } from './housekeeper.ts'
import { Journal } from './journal/journal.ts'
import { Leftovers } from './leftovers.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { MachinePort } from './policy/machine-port.ts'
import type { RoomPort } from './policy/room-port.ts'
import { answerOffers } from './provider/answer-offers.ts'
import { makeSelling, type Selling } from './provider/compose.ts'
import { Requester } from './requester/requester.ts'
import { startSettlement } from './start-settlement.ts'
import { TopUp } from './top-up.ts'

/** Ports that are put in place of the real ones: by simulations, and by tests that make each of them fail. */
export interface PeerPorts {
  /** JSON-RPC to the chain; HTTP when absent. */
  readonly transport?: RpcTransport
  /** Engines by id; those of the configuration when absent. */
  readonly engines?: ReadonlyMap<string, Engine>
  readonly blockFiles?: BlockFiles
  /** GPUs of this machine; what its tools say when absent, and none when engines are put in. */
  readonly gpuProbe?: GpuProbe
  readonly machine?: MachinePort
  /** What this machine has free; the machine itself when absent, and nothing is measured when engines are put in. */
  readonly room?: RoomPort
  /** What answers capacity challenges; the machine itself when absent. */
  readonly answerers?: ReadonlyMap<CapacityKind, Answerer>
  /** A network without sockets, and how blocks move over it; libp2p and bitswap when absent. */
  readonly wire?: { readonly network: PeerNetwork; readonly exchange: (blocks: Blocks) => BlockExchange }
}

export interface PeerParts {
  readonly clock: Clock
  readonly random: Random
  readonly files: Files
  readonly log: Logger
  readonly config: Config
  readonly home: HomeLayout
  readonly secrets: Secrets
  readonly rpcUrl: string
  readonly chain: NetworkParameters
  /** Reads the configuration again, for what may change while the peer runs. */
  readonly reload?: () => Promise<Config>
  readonly openStore: (folder: string) => Promise<Store>
  readonly ports?: PeerPorts
}

/** A whole peer. `provider` is absent on a light one, `arbiter` where it is not turned on. */
export interface Peer extends Startable {
  readonly ctx: PeerContext
  readonly adverts: AdvertBook
  readonly requester: Requester
  readonly arbiter?: Arbiter
  readonly provider?: Selling
}

/** Cards whose signatures are remembered as good: 150 bytes each. */
const SEEN_CARDS_MAX = 4_096

/** The network, and the store whose blocks move over it. */
async function makeWire(
  parts: PeerParts,
  store: Store
): Promise<{ network: PeerNetwork; content: ContentStore }> {
  const { clock, random, log, config, home, secrets, chain, ports } = parts
  const common = {
    folder: home.blocks,
    blockFiles: ports?.blockFiles,
    ...{ store, clock, random },
    log: log.child({ room: 'storage' })
  }
  const connectBy = (to: PeerNetwork): ContentStoreParts['connect'] => to.connect.bind(to)
  if (ports?.wire !== undefined) {
    const { network, exchange } = ports.wire
    return { network, content: createContentStore({ ...common, connect: connectBy(network), exchange }) }
  }
  const network = await createPeerNetwork({
    profile: config.profile,
    networkId: networkDigest(chain),
    seed: secrets.identity,
    listen: config.p2p.listen,
    announce: config.p2p.announce,
    bootstrap: [...new Set([...config.p2p.bootstrap, ...(chain.bootstrap ?? [])])],
    mdns: config.p2p.mdns,
    folder: home.p2p,
    files: parts.files,
    clock,
    random,
    log: log.child({ room: 'p2p' })
  })
  const content = createContentStore({
    ...common,
    libp2p: network.libp2p,
    connect: connectBy(network),
    isMember: peer => network.isMember(peer),
    unasked: (peer, bytes) => network.unaskedBlocks(peer, bytes)
  })
  return { network, content }
}

/** Everything that is needed before the first flow: keys, store, network, chain, content. */
async function makeContext(
  parts: PeerParts,
  stopping: AbortSignal
): Promise<{ ctx: PeerContext; cards: CardKeeper; store: Store }> {
  const { clock, random, log, config, home, secrets, chain } = parts
  // before the store is opened: a missing engine is said, and nothing is left open
  const engines = parts.ports?.engines ?? (await openEngines(parts))
  const store = await parts.openStore(home.journal)
  const journal = new Journal(store, clock)
  const operator = createOperatorKey(secrets.operator, domainOf(chain))
  const identity = identityFromSeed(secrets.identity)
  const recipient = await createRecipientKey(secrets.recipient)
  const { network, content } = await makeWire(parts, store)
  const settlement = createSettlement({
    rpcUrl: parts.rpcUrl,
    fallbackUrls: config.chain.fallbackUrls,
    transport: parts.ports?.transport,
    network: chain,
    key: operator,
    store,
    clock,
    random,
    log: log.child({ room: 'settlement' }),
    options: { watchMs: config.chain.poll, maxFeePerGas: config.chain.maxFee }
  })
  const chainNews = new ChainNews({ settlement, journal, clock, log })
  const base = {
    clock,
    random,
    files: parts.files,
    log,
    config,
    home,
    operator,
    identity,
    recipient,
    network,
    content,
    settlement,
    engines,
    comparer: oneAtATime(createResultComparer(clock)),
    journal,
    chainNews
  }
  const cards = new CardKeeper(base)
  const verifiers = {
    typed: typedDataVerifier(domainOf(chain)),
    identities: identityVerifier,
    seenCards: new BoundedMap<string, true>(SEEN_CARDS_MAX)
  }
  const adverts = new AdvertBook({ ...base, ...verifiers })
  const ctx: PeerContext = {
    ...base,
    ...verifiers,
    adverts,
    wrap: wrapKey,
    card: () => cards.card,
    arbiters: new ArbiterFinder({ ...base, ...verifiers, adverts }),
    chainNow: () => BigInt(Math.floor(settlement.clock.now()?.seconds ?? clock.now() / 1000)),
    clockOff: () => clockOff(settlement.clock.behind(), adverts.clocks.aheadMs()),
    stopping
  }
  return { ctx, cards, store }
}

/**
 * Makes a peer; `start` brings everything up in order, `stop` takes it down in reverse. A peer that was stopped is not started again.
 * @throws HOME_LOCKED, CHAIN_UNREACHABLE, CHAIN_WRONG_NETWORK, PORT_IN_USE
 */
export async function createPeer(parts: PeerParts): Promise<Peer> {
  const stopping = new AbortController()
  const { ctx, cards, store } = await makeContext(parts, stopping.signal)
  const { adverts } = ctx
  const requester = new Requester(ctx, offer => adverts.bidders(offer))
  const provider =
    parts.config.profile === 'full' && parts.config.provider.enabled
      ? await makeSelling(ctx, adverts, parts)
      : undefined
  const arbiter = parts.config.arbiter.enabled ? new Arbiter(ctx) : undefined
  const rooms: Startable[] = [
    closing(ctx.engines),
    ctx.settlement,
    new TopUp(ctx),
    ctx.network,
    ctx.content,
    cards,
    new Leftovers(ctx),
    requester
  ]
  if (provider !== undefined) rooms.push(provider.watch, provider.policy, provider.flow)
  if (arbiter !== undefined) rooms.push(arbiter)
  rooms.push(ctx.chainNews, adverts)
  if (provider !== undefined) {
    const { prover, attestations, rounds } = provider.proofs
    rooms.push(prover, attestations, provider.advertiser, provider.bidder, rounds)
  }
  rooms.push(
    new Housekeeper(
      ctx,
      () => requester.live > 0 || (provider?.flow.live.length ?? 0) > 0 || (arbiter?.live ?? 0) > 0
    )
  )
  const started: Startable[] = []
  let unhandle = (): void => undefined
  const stop = async (): Promise<void> => {
    if (stopping.signal.aborted) return
    stopping.abort(new ShoalError('CANCELLED', 'the peer stops'))
    unhandle()
    for (const room of started.reverse()) await room.stop()
    await store.close()
  }
  const start = async (signal?: AbortSignal): Promise<void> => {
    if (started.length > 0) return
    try {
      for (const room of rooms) {
        started.push(room)
        if (room === ctx.settlement) await startSettlement(ctx.settlement, ctx.clock, parts.rpcUrl, signal)
        else await room.start(signal)
      }
      unhandle = answerOffers(ctx, requester, provider?.bidder)
    } catch (e) {
      await stop()
      throw e
    }
  }
  return { ctx, adverts, requester, provider, arbiter, start, stop }
}

export const resultsFolder = (home: HomeLayout): string => join(home.root, 'results')
