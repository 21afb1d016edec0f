/** Which objects this peer keeps: an explicit index in the durable store, and the blocks that belong to them. */
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { encode } from '../protocol/codec.ts'
import type { CidString } from '../protocol/ids.ts'
import type { Clock, Store, StoreOp } from '../protocol/ports/index.ts'
import { nameOf, type Blocks } from './blocks.ts'

const PREFIX = 'content/pin/'

export class Pins {
  readonly #store: Store
  readonly #clock: Clock

  constructor(parts: { store: Store; clock: Clock }) {
    this.#store = parts.store
    this.#clock = parts.clock
  }

  async add(cid: CID, size: number): Promise<void> {
    await this.#store.batch([
      { put: PREFIX + cid.toString(), value: encode({ size, at: this.#clock.now() }) }
    ])
  }

  async remove(cid: CidString): Promise<void> {
    await this.#store.batch([{ del: PREFIX + cid }])
  }

  /** Removes all others in one step; how many. */
  async keepOnly(cids: ReadonlySet<CidString>): Promise<number> {
    const gone: StoreOp[] = []
    for await (const [key] of this.#store.range(PREFIX))
      if (!cids.has(key.slice(PREFIX.length) as CidString)) gone.push({ del: key })
    if (gone.length > 0) await this.#store.batch(gone)
    return gone.length
  }

  async has(cid: CidString): Promise<boolean> {
    return (await this.#store.get(PREFIX + cid)) !== undefined
  }

  /** Names of all blocks under all pins that are here. */
  async blocks(blocks: Blocks, signal?: AbortSignal): Promise<Set<string>> {
    const names = new Set<string>()
    for await (const [key] of this.#store.range(PREFIX)) {
      signal?.throwIfAborted()
      await this.#walk(CID.parse(key.slice(PREFIX.length)), blocks, names)
    }
    return names
  }

  async #walk(cid: CID, blocks: Blocks, names: Set<string>): Promise<void> {
    const name = nameOf(cid)
    if (names.has(name)) return
    names.add(name)
    if (cid.code !== dagPb.code) return
    const bytes = await blocks.get(cid)
    if (bytes === undefined) return
    for (const { Hash } of dagPb.decode(bytes).Links) {
      if (Hash.code === raw.code) names.add(nameOf(Hash))
      else await this.#walk(Hash, blocks, names)
    }
  }
}
