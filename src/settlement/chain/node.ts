/**
 * The chain itself: anvil that mines when told, a write-ahead log before it, saved states behind it. All changes run in one
 * lane, so a saved state and the log always fit together.
 */
import { gunzipSync } from 'node:zlib'
import { keccak256 } from 'ethers/crypto'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, HexBytes } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import { httpRpc } from '../rpc/adapters/http-rpc.ts'
import { quantity, RpcRefused, RpcUnreachable, toNumber, toQuantity, type RpcTransport } from '../rpc/rpc.ts'
import { lane, type Lane } from '../tx/lane.ts'
import { openLineLog, readIfThere, removeFile, writeAtomic, type LineLog } from './adapters/disk.ts'
import { killOrphan, startAnvil, type AnvilProcess } from './adapters/process.ts'
import { pruneBlocks } from './prune.ts'
import { formatEntry, parseEntry, type WalEntry } from './wal.ts'

export interface NodeParts {
  readonly folder: string
  readonly chainId: bigint
  readonly clock: Clock
  readonly log: Logger
  /** Seconds between empty blocks while transactions come, and when none came for a while. */
  readonly blockSeconds: number
  readonly idleBlockSeconds: number
  /** Milliseconds between two saved states, at least. */
  readonly saveMs: number
  /** After this many blocks anvil starts afresh from a pruned state: it keeps every block, 1.7 kB for an empty one, for ever. */
  readonly refreshBlocks: number
}

/** Without a transaction for this long the chain idles. */
const IDLE_AFTER_MS = 120_000
/** Restarts of a dying anvil within one minute. */
const RESTARTS_MAX = 5
/** Bytes of a dumped state in hex; below the longest string. */
const DUMP_MAX = 400 * 1024 * 1024
/** Without a new transaction the state is saved this many times less often. */
const QUIET = 12
/** Saving may take at most this share of the time. */
const SAVE_SHARE = 20

export class ChainNode {
  readonly #parts: NodeParts
  readonly #lane: Lane = lane()
  readonly #file: (name: string) => string
  #anvil: AnvilProcess | undefined
  #rpc: RpcTransport | undefined
  /** Nothing of the log is missing from what anvil has. */
  #whole = false
  #wal: LineLog | undefined
  /** Entries of the log since the last saved state. */
  #entries: WalEntry[] = []
  /** Lines of the log's file: refused transactions stay in it until the next saved state. */
  #lines = 0
  /** Chain time of the newest block in seconds, and how far it is ahead of the clock. */
  #time = 0
  #ahead = 0
  #waiting = 0
  #unmined = false
  #lastBlock = -Infinity
  #lastTransaction = -Infinity
  #lastSave = -Infinity
  #saveMs = 0
  #blocks = 0
  #restarts: number[] = []
  #stopped = false
  #stopTick: () => void = () => undefined

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#file = name => `${parts.folder}/${name}`
  }

  get pid(): number | undefined {
    return this.#whole ? this.#anvil?.pid : undefined
  }

  async start(signal?: AbortSignal): Promise<void> {
    const { log, lines } = await openLineLog(this.#file('wal.jsonl'))
    this.#wal = log
    this.#entries = lines.map(parseEntry)
    this.#lines = lines.length
    await this.#lane.run(async () => await this.#launch(signal))
    this.#stopTick = this.#parts.clock.every(250, () => void this.#tick())
  }

  /** Saves the state, ends anvil. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#stopTick()
    await this.#lane.run(async () => {
      try {
        await this.#save(pruneBlocks)
      } catch (e) {
        this.#parts.log.warn(
          { error: String(e) },
          'the last state of the chain was not saved; the log has it'
        )
      }
      await this.#rpc?.close()
      await this.#anvil?.stop()
      await removeFile(this.#file('anvil.pid'))
      await this.#wal?.close()
    })
  }

  /**
   * A read, straight to anvil. RpcUnreachable while it restarts, until it has taken up its log: a chain that seems to have gone back and
   * comes again with the same blocks would make a reader miss what is in them.
   */
  async read(method: string, params: readonly unknown[]): Promise<unknown> {
    if (!this.#whole) throw new RpcUnreachable('the chain restarts')
    return await this.#ask(method, params)
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.#rpc === undefined) throw new RpcUnreachable('the chain restarts')
    return await this.#rpc.send({ method, params })
  }

  /** Accepts a raw transaction: on the disk first, then in a block. Gives its hash. RpcRefused when the node does not take it. */
  async accept(raw: HexBytes): Promise<unknown> {
    this.#waiting++
    return await this.#lane.run(async () => {
      this.#waiting--
      try {
        const entry = { at: this.#now(), raw }
        await this.#write(entry)
        try {
          const hash = await this.#ask('eth_sendRawTransaction', [raw])
          this.#unmined = true
          this.#lastTransaction = this.#parts.clock.monotonic()
          return hash
        } catch (e) {
          if (e instanceof RpcRefused) this.#entries = this.#entries.filter(x => x !== entry)
          throw e
        }
      } finally {
        // One block for all that came together.
        if (this.#unmined && this.#waiting === 0) await this.#mine(this.#now())
      }
    })
  }

  /** Adds gas money to an account. */
  async addGas(address: Address, wei: bigint): Promise<void> {
    await this.#lane.run(async () => {
      const now = toQuantity(await this.#ask('eth_getBalance', [address, 'latest']), 'balance')
      const entry = { at: this.#now(), address, wei: (now + wei).toString() }
      await this.#write(entry)
      await this.#ask('anvil_setBalance', [address, quantity(now + wei)])
    })
  }

  /** Moves chain time forward by `seconds` and mines. Chain time stays ahead from then on. */
  async advance(seconds: number): Promise<void> {
    await this.#lane.run(async () => {
      const at = this.#now() + seconds
      await this.#write({ at, tick: true })
      await this.#mine(at)
      this.#ahead += seconds
    })
  }

  async #write(entry: WalEntry): Promise<void> {
    if (this.#stopped || this.#wal === undefined) throw new RpcUnreachable('the chain stops')
    await this.#wal.append(formatEntry(entry))
    this.#entries.push(entry)
    this.#lines++
  }

  #now(): number {
    return Math.max(this.#time, Math.floor(this.#parts.clock.now() / 1000) + this.#ahead)
  }

  async #mine(at: number): Promise<void> {
    await this.#ask('evm_mine', [at])
    this.#time = Math.max(this.#time, at)
    this.#unmined = false
    this.#blocks++
    this.#lastBlock = this.#parts.clock.monotonic()
  }

  /** Inside the lane: anvil from the last saved state, and then what the log has beyond it. */
  async #launch(signal?: AbortSignal): Promise<void> {
    const { folder, chainId, clock, log } = this.#parts
    const old = Number((await readIfThere(this.#file('anvil.pid')))?.toString('utf8') ?? 0)
    if (old > 0 && (await killOrphan(old, folder, clock)))
      log.warn({ pid: old }, 'an orphaned chain process was ended')
    const stateFile = this.#file('state.json')
    const saved = (await readIfThere(stateFile)) !== undefined
    const anvil = await startAnvil({
      folder,
      chainId,
      clock,
      signal,
      stateFile: saved ? stateFile : undefined
    })
    this.#anvil = anvil
    this.#blocks = 0
    await writeAtomic(this.#file('anvil.pid'), anvil.pid.toString())
    const rpc = httpRpc(`http://127.0.0.1:${anvil.port}`, {
      timeoutMs: 30_000,
      sockets: 32,
      answerMax: DUMP_MAX
    })
    this.#rpc = rpc
    void anvil.ended.then(async () => await this.#died(anvil))
    const head = await this.#ask('eth_getBlockByNumber', ['latest', false])
    this.#time = toNumber((head as { timestamp?: unknown } | null)?.timestamp, 'timestamp')
    await this.#replay()
    this.#ahead = Math.max(0, this.#time - Math.floor(clock.now() / 1000))
    await this.#mine(this.#now())
    this.#whole = true
  }

  /** Everything in the log that the saved state lacks, in order and at its time. */
  async #replay(): Promise<void> {
    let count = 0
    for (const entry of this.#entries) {
      const at = Math.max(this.#time, entry.at)
      try {
        if ('wei' in entry) await this.#ask('anvil_setBalance', [entry.address, quantity(BigInt(entry.wei))])
        else if ('tick' in entry) await this.#mine(at)
        else if (!(await this.#isMined(entry.raw))) {
          await this.#ask('eth_sendRawTransaction', [entry.raw])
          await this.#mine(at)
          count++
        }
      } catch (e) {
        if (!(e instanceof RpcRefused)) throw e
        this.#parts.log.debug({ reason: e.message }, 'a logged transaction is refused, as it was before')
      }
    }
    if (count > 0) this.#parts.log.info({ count }, 'the chain took up transactions from its log')
  }

  async #isMined(raw: HexBytes): Promise<boolean> {
    return (await this.#ask('eth_getTransactionReceipt', [keccak256(raw)])) !== null
  }

  /** Starts anvil again when it ended by itself. */
  async #died(anvil: AnvilProcess): Promise<void> {
    if (this.#stopped || this.#anvil !== anvil) return
    const { clock, log } = this.#parts
    this.#whole = false
    await this.#rpc?.close()
    this.#rpc = undefined
    const now = clock.monotonic()
    this.#restarts = [...this.#restarts.filter(t => now - t < 60_000), now]
    if (this.#restarts.length > RESTARTS_MAX) {
      log.error(
        { restarts: this.#restarts.length },
        'the chain process ends again and again; it is not started any more'
      )
      return
    }
    log.warn({ pid: anvil.pid }, 'the chain process ended; it is started again')
    try {
      await this.#lane.run(async () => {
        if (!this.#stopped) await this.#launch()
      })
    } catch (e) {
      log.error({ error: String(e) }, 'the chain process could not be started again')
      const failed = this.#anvil
      if (failed !== undefined && failed !== anvil) await failed.stop()
    }
  }

  /** Called a few times a second: empty blocks, so that chain time moves, and saved states. */
  async #tick(): Promise<void> {
    const { clock, log } = this.#parts
    const now = clock.monotonic()
    const idle = now - this.#lastTransaction > IDLE_AFTER_MS
    const due = (idle ? this.#parts.idleBlockSeconds : this.#parts.blockSeconds) * 1000
    if (this.#waiting > 0 || this.#rpc === undefined || this.#stopped) return
    const block = now - this.#lastBlock >= due
    const save =
      now - this.#lastSave >=
      Math.max(this.#parts.saveMs * (this.#lines > 0 ? 1 : QUIET), this.#saveMs * SAVE_SHARE)
    if (!block && !save) return
    // Set at once, so that a slow round is not queued again by the next tick.
    if (block) this.#lastBlock = now
    if (save) this.#lastSave = now
    try {
      await this.#lane.run(async () => {
        if (this.#stopped || this.#rpc === undefined) return
        if (block) await this.#mine(this.#now())
        if (!save) return
        if (this.#blocks < this.#parts.refreshBlocks) await this.#save()
        else await this.#refresh()
      })
    } catch (e) {
      log.warn({ error: String(e) }, 'a block or a saved state failed; the next one follows')
    }
  }

  /** Inside the lane: a new anvil from a pruned state. Requests meanwhile are told to try again. */
  async #refresh(): Promise<void> {
    await this.#save(pruneBlocks)
    const old = this.#anvil
    this.#whole = false
    await this.#rpc?.close()
    this.#anvil = this.#rpc = undefined
    await old?.stop()
    await this.#launch()
  }

  /** Inside the lane: the whole state to the disk, then the log without what the state has. */
  async #save(prune?: (state: string) => string): Promise<void> {
    const begun = this.#parts.clock.monotonic()
    const dump = await this.#ask('anvil_dumpState', [])
    if (typeof dump !== 'string') throw new ShoalError('CHAIN_UNREACHABLE', 'anvil gave no state')
    const state = gunzipSync(Buffer.from(dump.slice(2), 'hex'))
    await writeAtomic(this.#file('state.json'), prune === undefined ? state : prune(state.toString('utf8')))
    const kept: WalEntry[] = []
    for (const entry of this.#entries)
      if ('raw' in entry && !(await this.#isMined(entry.raw))) kept.push(entry)
    if (this.#lines > kept.length) await this.#wal?.rewrite(kept.map(formatEntry))
    this.#entries = kept
    this.#lines = kept.length
    this.#lastSave = this.#parts.clock.monotonic()
    this.#saveMs = this.#lastSave - begun
  }
}
