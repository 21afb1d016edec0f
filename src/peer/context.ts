/** What the flows of a peer need: made once, in compose.ts, and handed down whole. */
import type { BoundedMap } from '../protocol/bounded-map.ts'
import type { IdentityVerifier, TypedDataVerifier, WrapKey } from '../protocol/ports/keys.ts'
import type {
  Clock,
  ContentStore,
  Engine,
  Files,
  GpuKeeper,
  IdentityKey,
  Logger,
  OperatorKey,
  PeerNetwork,
  Random,
  RecipientKey,
  ResultComparer,
  Settlement
} from '../protocol/ports/index.ts'
import type { PeerCard } from '../protocol/records/card.ts'
import type { Config } from './home/config.ts'
import type { HomeLayout } from './home/layout.ts'
import type { Journal } from './journal/journal.ts'
import type { AdvertBook } from './advert-book.ts'
import type { ArbiterFinder } from './disputes/find-arbiter.ts'
import type { ChainNews } from './chain-news.ts'

export interface PeerContext {
  readonly clock: Clock
  readonly random: Random
  readonly files: Files
  readonly log: Logger
  readonly config: Config
  readonly home: HomeLayout
  readonly operator: OperatorKey
  readonly identity: IdentityKey
  readonly recipient: RecipientKey
  readonly typed: TypedDataVerifier
  readonly identities: IdentityVerifier
  /** Cards whose signatures were found good. */
  readonly seenCards?: BoundedMap<string, true>
  readonly wrap: WrapKey
  readonly network: PeerNetwork
  readonly content: ContentStore
  readonly settlement: Settlement
  /** The chain's time in seconds, as far as it can be told: what agreements count by. */
  readonly chainNow: () => bigint
  readonly engines: ReadonlyMap<string, Engine>
  /** One comparison at a time, whatever the number of jobs. */
  readonly comparer: ResultComparer
  readonly journal: Journal
  readonly chainNews: ChainNews
  readonly arbiters: ArbiterFinder
  /** What providers say of themselves. */
  readonly adverts: AdvertBook
  /** This machine's GPUs; absent where nothing is sold. */
  readonly gpus?: GpuKeeper
  /** How far the clock of this machine seems to be off, in words; undefined when it is not, or where nobody has looked. */
  readonly clockOff?: () => string | undefined
  /** The newest card of this peer, signed. */
  readonly card: () => PeerCard
  /** Aborts when the peer stops. */
  readonly stopping: AbortSignal
}
