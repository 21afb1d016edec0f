/** One peer of a small world: the program's own flows on ports in memory. */
import { createResultComparer } from '../../../src/executor/compare/comparer.ts'
import { AdvertBook } from '../../../src/peer/advert-book.ts'
import { Arbiter } from '../../../src/peer/arbiter/arbiter.ts'
import { ChainNews } from '../../../src/peer/chain-news.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { ArbiterFinder } from '../../../src/peer/disputes/find-arbiter.ts'
import { configSchema, type ConfigInput } from '../../../src/peer/home/config-schema.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { oneAtATime } from '../../../src/peer/one-at-a-time.ts'
import { Advertiser } from '../../../src/peer/provider/advertiser.ts'
import { Bidder } from '../../../src/peer/provider/bidder.ts'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { Provider } from '../../../src/peer/provider/provider.ts'
import { signCard } from '../../../src/peer/records.ts'
import { Requester } from '../../../src/peer/requester/requester.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Engine } from '../../../src/protocol/ports/engine.ts'
import type { Files } from '../../../src/protocol/ports/files.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'
import type { Conduct, PeerNetwork } from '../../../src/protocol/ports/network.ts'
import type { Settlement } from '../../../src/protocol/ports/settlement.ts'
import type { Startable } from '../../../src/protocol/ports/startable.ts'
import type { Store } from '../../../src/protocol/ports/store.ts'
import type { PeerCard } from '../../../src/protocol/records/card.ts'
import { memoryStore } from '../../../src/devnet/memory-store.ts'
import { seededRandom } from '../sim/random.ts'
import type { EagerClock } from './clock.ts'
import { scriptEngine, SPEED, type Meter } from './engine.ts'
import { memoryFiles } from './files.ts'
import type { Machine } from './machine.ts'
import { timedNetwork } from './timed.ts'
import type { Ledger } from './ledger.ts'
import type { Notary } from './notary.ts'
import type { Cellar } from './store.ts'
import type { Hub } from '../sim/hub.ts'

/** What all members share. */
export interface World {
  readonly clock: EagerClock
  readonly notary: Notary
  readonly ledger: Ledger
  readonly cellar: Cellar
  readonly hub: Hub
}

export interface MemberOptions {
  readonly name: string
  readonly role: 'requester' | 'provider' | 'arbiter'
  readonly config?: ConfigInput
  /** Puts itself between the member's own flows and everybody else: a liar's tongue. */
  readonly between?: (plain: PeerNetwork) => PeerNetwork
  readonly chain?: (plain: Settlement, stopped: AbortSignal) => Settlement
  readonly content?: (bytes: Uint8Array) => Uint8Array
  /** A liar's checks see everything as good. */
  readonly lenient?: boolean
  /** What it heard of others' conduct. */
  readonly onReport?: (peer: string, what: string, bad: boolean) => void
  readonly engine?: (plain: Engine) => Engine
  /** Puts itself between the member and its disk, and its journal's. */
  readonly disk?: (plain: Files) => Files
  readonly written?: (plain: Store) => Store
  /** Its machine's own clocks; the world's when absent. */
  readonly machine?: Machine
}

export interface Member {
  readonly name: string
  readonly ctx: PeerContext
  readonly requester: Requester
  readonly provider: Provider | undefined
  readonly arbiter: Arbiter | undefined
  /** Work that was really done here. */
  readonly meter: Meter
  readonly files: Files
  readonly store: Store
  /** What it wrote to its log at `warn` and above, and at `info`. */
  readonly lines: string[]
  stop(): Promise<void>
}

const CARD_MS = 12 * 3_600_000
/** Conduct that costs a peer its good name. */
const BAD: ReadonlySet<Conduct> = new Set<Conduct>(['invalid', 'broken-promise'])

function logTo(lines: string[]): Logger {
  const add = (level: string) => (fields: object, message: string) => {
    const { err, ...rest } = fields as { err?: unknown }
    const cause = err instanceof Error ? ` ${err.message}` : ''
    lines.push(
      `${level} ${message}${cause} ${JSON.stringify(rest, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`
    )
  }
  const log: Logger = {
    debug: () => undefined,
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    child: () => log
  }
  return log
}

export async function join(world: World, o: MemberOptions): Promise<Member> {
  const { notary, ledger, cellar, hub } = world
  const { lenient = false, machine } = o
  const clock = machine?.clock ?? world.clock
  const stopping = new AbortController()
  const keys = notary.keys(o.name)
  const lines: string[] = []
  const log = logTo(lines)
  const config = configSchema.parse({
    ...o.config,
    profile: o.role === 'requester' ? 'light' : 'full'
  })
  const meter: Meter = new Map()
  const plainEngine = scriptEngine(clock, meter)
  const engines = new Map([['wasm', o.engine?.(plainEngine) ?? plainEngine]])
  const plain = hub.network(keys.identity.peerId, config.profile)
  plain.report = (peer, conduct) => o.onReport?.(peer, conduct, BAD.has(conduct))
  plain.accuse = (peer, kind) => o.onReport?.(peer, kind, true)
  const line = machine?.network(plain) ?? plain
  const network = timedNetwork(o.between?.(line) ?? line, clock)
  const chain = ledger.settlement(keys.operator.address, stopping.signal)
  const settlement = o.chain?.(chain, stopping.signal) ?? machine?.chain(chain) ?? chain
  const plainStore = memoryStore()
  const store = o.written?.(plainStore) ?? plainStore
  const journal = new Journal(store, clock)
  const plainFiles = memoryFiles()
  const files = o.disk?.(plainFiles) ?? plainFiles
  const content = cellar.store(keys.identity.peerId, { anyContext: lenient, change: o.content })
  const recipient = lenient ? notary.lenientRecipient(o.name) : keys.recipient
  const verifiers = { typed: notary.typed(lenient), identities: notary.identities(lenient) }
  const card: PeerCard = await signCard(
    {
      ...{ v: 1, peer: keys.identity.peerId, operator: keys.operator.address },
      ...{ beneficiary: keys.operator.address, recipient: recipient.publicKey, profile: config.profile },
      ...{ addresses: network.addresses(), seq: 1, expires: clock.now() + CARD_MS }
    },
    keys.operator,
    keys.identity
  )
  const random = seededRandom(
    o.name.length * 7_919 + (o.name.codePointAt(0) ?? 0) + (o.name.codePointAt(o.name.length - 1) ?? 0)
  )
  const base = {
    ...{ clock, random, files, log, config, home: layoutOf(`/home/${o.name}`) },
    ...{ operator: keys.operator, identity: keys.identity, recipient, ...verifiers },
    ...{ wrap: notary.wrap(lenient), network, content, settlement, engines, journal },
    ...{ comparer: oneAtATime(createResultComparer(clock)), card: () => card, stopping: stopping.signal },
    chainNow: () => machine?.chainNow?.() ?? ledger.now
  }
  const adverts = new AdvertBook(base)
  const chainNews = new ChainNews({ settlement, journal, clock, log })
  const ctx: PeerContext = { ...base, adverts, chainNews, arbiters: new ArbiterFinder({ ...base, adverts }) }
  const rooms: Startable[] = [network, ...(machine === undefined ? [] : [machine.start(plain)])]
  network.handle('card', async () => ({ card }))
  const requester = new Requester(ctx, offer => adverts.bidders(offer))
  rooms.push(requester)
  let provider: Provider | undefined
  if (o.role === 'provider') {
    const capacity: Capacity = new Capacity(config.provider.slots, () => advertiser.changed())
    const advertiser: Advertiser = new Advertiser(ctx, adverts, () => capacity, new Map([['wasm', SPEED]]))
    const bidder = new Bidder(ctx, adverts, advertiser)
    provider = new Provider(ctx, bidder, capacity)
    rooms.push(provider, chainNews, adverts, advertiser, bidder)
  } else rooms.push(chainNews, adverts)
  const arbiter = o.role === 'arbiter' ? new Arbiter(ctx) : undefined
  if (arbiter !== undefined) rooms.push(arbiter)
  for (const room of rooms) await room.start()
  network.handle('offers', async () => ({ offers: requester.book.openOffers() }))
  return {
    ...{ name: o.name, ctx, requester, provider, arbiter, meter, files, store, lines },
    stop: async () => {
      if (stopping.signal.aborted) return
      stopping.abort(new ShoalError('CANCELLED', 'the peer stops'))
      for (const room of rooms.reverse()) await room.stop()
    }
  }
}
