/** The blocks this peer holds: files under the hash of what is in them, counted, and protected while somebody uses them. */
import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { base32 } from 'multiformats/bases/base32'
import { ShoalError } from '../protocol/errors.ts'
import { MiB } from '../protocol/limits.ts'

/** Blocks on the disk. Errors: DISK_FULL, DISK_ERROR. */
export interface BlockFiles {
  /** Readies the folder; the bytes of all blocks. */
  open(): Promise<number>
  get(name: string): Promise<Uint8Array | undefined>
  has(name: string): Promise<boolean>
  /** True when the block is new. All or nothing for readers; on the disk for certain only after `sync`. */
  put(name: string, bytes: Uint8Array): Promise<boolean>
  /** Resolves when these blocks outlive a power cut. DISK_ERROR too when one is missing. */
  sync(names: Iterable<string>): Promise<void>
  /** Bytes freed. */
  delete(name: string): Promise<number>
  names(): AsyncIterable<string>
}

const SHA2_256 = 0x12
/** Largest block that is taken: four of our leaves, and half of what a message of the block exchange may hold. */
export const BLOCK_MAX = 1 * MiB

/** The file name of a block: its multihash, so that one block has one name under any codec. */
export const nameOf = (cid: CID): string => base32.baseEncode(cid.multihash.bytes)

/** Whether these bytes are the block of this CID. Other hashes than sha2-256 are never ours. */
export function isBlockOf(cid: CID, bytes: Uint8Array): boolean {
  if (cid.multihash.code !== SHA2_256) return false
  return createHash('sha256').update(bytes).digest().equals(cid.multihash.digest)
}

export class Blocks {
  readonly #files: BlockFiles
  readonly #max: number
  /** Block name to how many operations use it. */
  readonly #inUse = new Map<string, number>()
  /** Names in use when the running sweep began or since: what ends meanwhile may have been pinned after the pins were read. */
  #touched: Set<string> | undefined
  #bytes = 0

  /** `max`: bytes of all blocks together. */
  constructor(files: BlockFiles, max: number) {
    this.#files = files
    this.#max = max
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes
  }

  async open(): Promise<void> {
    this.#bytes = await this.#files.open()
  }

  has(cid: CID): Promise<boolean> {
    return this.#files.has(nameOf(cid))
  }

  /** The block as it stands on the disk, for those who check it themselves. */
  read(cid: CID): Promise<Uint8Array | undefined> {
    return this.#files.get(nameOf(cid))
  }

  /** The block if it is here and whole; a damaged one is removed as if it had never been here. */
  async get(cid: CID): Promise<Uint8Array | undefined> {
    const bytes = await this.read(cid)
    if (bytes === undefined || isBlockOf(cid, bytes)) return bytes
    this.#bytes -= await this.#files.delete(nameOf(cid))
    return undefined
  }

  /** DISK_FULL above the limit of the whole store. */
  async put(cid: CID, bytes: Uint8Array): Promise<boolean> {
    if (this.#bytes + bytes.byteLength > this.#max) {
      throw new ShoalError('DISK_FULL', 'The content store is full.', {
        data: { max: this.#max },
        next: 'Raise the limit of the content store, or let finished jobs go.'
      })
    }
    const isNew = await this.#files.put(nameOf(cid), bytes)
    if (isNew) this.#bytes += bytes.byteLength
    return isNew
  }

  /** Makes the blocks of an operation durable, those that were here before included. Before its pin is written. */
  async sync(use: BlockUse): Promise<void> {
    await this.#files.sync(use.names)
  }

  /** An operation whose blocks a sweep leaves alone until it ends. */
  operation(): BlockUse {
    const used = new Set<string>()
    return {
      names: used,
      use: cid => {
        const name = nameOf(cid)
        this.#touched?.add(name)
        if (used.has(name)) return
        used.add(name)
        this.#inUse.set(name, (this.#inUse.get(name) ?? 0) + 1)
      },
      end: () => {
        for (const name of used) {
          const left = (this.#inUse.get(name) ?? 1) - 1
          if (left === 0) this.#inUse.delete(name)
          else this.#inUse.set(name, left)
        }
        used.clear()
      }
    }
  }

  /** Removes the blocks that are neither kept nor in use; how many. `kept` is asked once, after blocks begin to be watched. */
  async sweep(kept: () => Promise<ReadonlySet<string>>, signal?: AbortSignal): Promise<number> {
    if (this.#touched !== undefined) return 0 // a sweep is running: it will do
    const touched = new Set(this.#inUse.keys())
    this.#touched = touched
    try {
      const keep = await kept()
      let removed = 0
      for await (const name of this.#files.names()) {
        signal?.throwIfAborted()
        if (keep.has(name) || touched.has(name)) continue
        this.#bytes -= await this.#files.delete(name)
        removed++
      }
      return removed
    } finally {
      this.#touched = undefined
    }
  }
}

export interface BlockUse {
  /** Names of the blocks in use. */
  readonly names: ReadonlySet<string>
  use(cid: CID): void
  /** Harmless twice. */
  end(): void
}
