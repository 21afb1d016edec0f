/** The ContentStore of a real peer. This module loads bitswap and UnixFS: import it only where a store is made. */
import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import type { CidString, PeerIdString } from '../protocol/ids.ts'
import type {
  Clock,
  ContentSource,
  ContentStore,
  Logger,
  PeerAddress,
  Random,
  SealedObject,
  Store
} from '../protocol/ports/index.ts'
import { abortReason, deadline, linked, within } from '../protocol/signals.ts'
import { NodeBlockFiles } from './adapters/block-files.ts'
import { Blocks, type BlockFiles, type BlockUse } from './blocks.ts'
import { readFile } from './dag.ts'
import { Exchange, type BlockExchange } from './exchange.ts'
import { FetchedBlocks } from './fetch.ts'
import { storageLimits, type StorageLimits } from './limits.ts'
import { Pins } from './pins.ts'
import { KEY_BYTES, openStream, sealedSize, sealStream } from './seal.ts'

/** What builds DAGs: loaded when something is first put, since an idle peer needs none of it. */
async function importer() {
  const [{ unixfs }, { fixedSize }] = await Promise.all([
    import('@helia/unixfs'),
    import('ipfs-unixfs-importer/chunker')
  ])
  return { unixfs, fixedSize }
}

/** Where blocks go to and come from. */
export type BlockWay =
  | {
      /** The node of the peer's network: started before this store and stopped after it. */
      readonly libp2p: Libp2p
      /** Whether a connected peer belongs to our network (P2PNetwork.isMember): nobody else is served blocks. */
      readonly isMember: (peer: string) => Promise<boolean>
      /** Counts bytes of block exchange that nobody asked for (P2PNetwork.unaskedBlocks); false when they are too many. */
      readonly unasked: (peer: string, bytes: number) => boolean
    }
  | {
      /** Instead of bitswap, on a simulated network. */
      readonly exchange: (blocks: Blocks) => BlockExchange
    }

export type ContentStoreOptions = ContentStoreParts & BlockWay

export interface ContentStoreParts {
  /** Connects to a peer unless it is connected already (P2PNetwork.connect). */
  readonly connect: (to: PeerAddress, signal?: AbortSignal) => Promise<void>
  /** Where blocks are kept; belongs to this store alone. */
  readonly folder: string
  /** The disk itself when absent. */
  readonly blockFiles?: BlockFiles
  /** Holds the index of pins under `content/`. */
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits?: Partial<StorageLimits>
}

/** Makes a content store; nothing runs before `start`. */
export const createContentStore = (options: ContentStoreOptions): PeerContentStore =>
  new PeerContentStore(options)

export class PeerContentStore implements ContentStore {
  readonly #options: ContentStoreOptions
  readonly #limits: StorageLimits
  readonly #blocks: Blocks
  readonly #exchange: BlockExchange
  readonly #pins: Pins
  #stopping = new AbortController()
  #started = false

  constructor(options: ContentStoreOptions) {
    const { folder, random, clock, log } = options
    this.#options = options
    this.#limits = { ...storageLimits, ...options.limits }
    const nonce = (): string => Buffer.from(random.bytes(8)).toString('hex')
    const files = options.blockFiles ?? new NodeBlockFiles(folder, nonce)
    this.#blocks = new Blocks(files, this.#limits.storeBytes)
    this.#pins = new Pins(options)
    this.#exchange =
      'exchange' in options
        ? options.exchange(this.#blocks)
        : new Exchange({ ...options, blocks: this.#blocks, clock, limits: this.#limits, log })
  }

  /** Bytes of all blocks on the disk. */
  get bytes(): number {
    return this.#blocks.bytes
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#started) return
    signal?.throwIfAborted()
    this.#started = true
    this.#stopping = new AbortController()
    await this.#blocks.open()
    await this.#exchange.start()
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    this.#stopping.abort(new ShoalError('CANCELLED', 'This peer stops.'))
    await this.#exchange.stop()
  }

  async put(
    source: AsyncIterable<Uint8Array>,
    context: Uint8Array,
    signal?: AbortSignal
  ): Promise<SealedObject> {
    const { random } = this.#options
    const key = random.bytes(KEY_BYTES)
    const use = this.#blocks.operation()
    const counted = { size: 0 }
    try {
      const cid = await within(linked(signal, this.#stopping.signal), async s => {
        const sealed = sealStream(count(source, counted, s), key, context, random)
        const { unixfs, fixedSize } = await importer()
        const root = await unixfs({ blockstore: this.#writer(use, s) }).addByteStream(sealed, {
          rawLeaves: true,
          reduceSingleLeafToSelf: true,
          chunker: fixedSize({ chunkSize: this.#limits.leafBytes })
        })
        s.throwIfAborted()
        await this.#pin(root, counted.size, use)
        return root
      })
      return { cid: cid.toString() as CidString, key, size: counted.size }
    } finally {
      use.end()
    }
  }

  async *get(
    object: { readonly cid: CidString; readonly key: Uint8Array },
    context: Uint8Array,
    options: { from?: ContentSource; maxBytes: number; keep?: boolean; signal?: AbortSignal }
  ): AsyncGenerator<Uint8Array> {
    const scope = linked(options.signal, this.#stopping.signal)
    const use = this.#blocks.operation()
    const fetched = this.#fetched(object.cid, options.from, sealedSize(options.maxBytes), use, scope.signal)
    try {
      const sealed = readFile(CID.parse(object.cid), cid => fetched.get(cid), {
        ahead: this.#limits.fetchAhead,
        max: sealedSize(options.maxBytes)
      })
      let size = 0
      for await (const plain of openStream(sealed, object.key, context)) {
        size += plain.byteLength
        if (size > options.maxBytes) throw tooLarge(options.maxBytes)
        yield plain
      }
      if (options.keep === true) await this.#pin(CID.parse(object.cid), size, use)
    } catch (cause) {
      if (scope.signal.aborted) throw abortReason(scope.signal)
      if (isShoalError(cause)) throw cause
      throw new ShoalError('CONTENT_CORRUPT', 'The content is not a sealed object.', { cause })
    } finally {
      await fetched.close()
      use.end()
      scope[Symbol.dispose]()
    }
  }

  async forget(cid: CidString): Promise<void> {
    await this.#pins.remove(cid)
  }

  async keepOnly(cids: ReadonlySet<CidString>): Promise<number> {
    return await this.#pins.keepOnly(cids)
  }

  async sweep(signal?: AbortSignal): Promise<number> {
    return await within(linked(signal, this.#stopping.signal), s =>
      this.#blocks.sweep(() => this.#pins.blocks(this.#blocks, s), s)
    )
  }

  /** Keeps an object whose blocks are all here: they are durable before the pin says so. */
  async #pin(root: CID, size: number, use: BlockUse): Promise<void> {
    await this.#blocks.sync(use)
    await this.#pins.add(root, size)
  }

  /** What UnixFS writes to: the disk, with a word to peers that wait for the block. */
  #writer(use: BlockUse, signal: AbortSignal) {
    return {
      put: async (cid: CID, bytes: unknown) => {
        signal.throwIfAborted()
        if (!(bytes instanceof Uint8Array)) throw new Error('UnixFS writes blocks as arrays')
        use.use(cid)
        if (await this.#blocks.put(cid, bytes)) await this.#exchange.announce(cid)
        return cid
      },
      get: () => {
        throw new Error('adding an object reads nothing')
      },
      has: (cid: CID) => this.#blocks.has(cid)
    }
  }

  #fetched(
    cid: CidString,
    from: ContentSource | undefined,
    sealedMax: number,
    use: BlockUse,
    signal: AbortSignal
  ): FetchedBlocks {
    const { clock, log } = this.#options
    const limits = this.#limits
    const connect = async (peer: PeerId, outer: AbortSignal): Promise<void> => {
      const id = peer.toString() as PeerIdString
      const to = id === from?.peer ? from : { peer: id, addresses: [] }
      const scope = deadline(clock, limits.connectMs, 'DIAL_TIMEOUT', 'The source did not answer.', outer)
      await within(scope, s => this.#options.connect(to, s))
    }
    return new FetchedBlocks({
      ...{ blocks: this.#blocks, exchange: this.#exchange, clock, limits, log, connect, use, signal },
      root: CID.parse(cid),
      from: from === undefined ? undefined : peerIdFromString(from.peer),
      // Our own objects have one block per leaf and one per 1024 leaves; room for other writers' layouts.
      maxBlocks: 16 + 4 * Math.ceil(sealedMax / limits.leafBytes)
    })
  }
}

const tooLarge = (max: number): ShoalError =>
  new ShoalError('CONTENT_TOO_LARGE', `The content is larger than ${max} bytes.`, { data: { max } })

/** Counts what passes; ends when the signal aborts. */
async function* count(
  source: AsyncIterable<Uint8Array>,
  counted: { size: number },
  signal: AbortSignal
): AsyncGenerator<Uint8Array> {
  for await (const part of source) {
    signal.throwIfAborted()
    counted.size += part.byteLength
    yield part
  }
}
