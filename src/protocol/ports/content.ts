/** Encrypted content: what storage offers to the rest. */
import type { CidString, PeerIdString } from '../ids.ts'
import type { Startable } from './startable.ts'

/** A sealed object at rest: ciphertext under `cid`, opened by `key`. */
export interface SealedObject {
  readonly cid: CidString
  /** Fresh for each object, 32 bytes. */
  readonly key: Uint8Array
  /** Plaintext bytes. */
  readonly size: number
}

/** Where content may be fetched from: a peer that we already know, with addresses to dial. */
export interface ContentSource {
  readonly peer: PeerIdString
  readonly addresses: readonly string[]
}

export interface ContentStore extends Startable {
  /** Seals a stream of any size in constant memory and keeps the ciphertext, pinned, until `forget`. `context` is bound into the seal. */
  put(source: AsyncIterable<Uint8Array>, context: Uint8Array, signal?: AbortSignal): Promise<SealedObject>
  /**
   * Opens a sealed object, fetching missing blocks from `from`. Throws CONTENT_NOT_FOUND, CONTENT_CORRUPT (altered, truncated,
   * reordered, wrong key or context), CONTENT_TOO_LARGE. What was yielded before an error must be thrown away. With `keep` the
   * object is pinned, as if it had been put here, once it was read to its end.
   */
  get(
    object: { readonly cid: CidString; readonly key: Uint8Array },
    context: Uint8Array,
    options: { from?: ContentSource; maxBytes: number; keep?: boolean; signal?: AbortSignal }
  ): AsyncIterable<Uint8Array>
  /** Unpins; blocks that nothing pins are removed at the next sweep. */
  forget(cid: CidString): Promise<void>
  /** Unpins all but these; only while nothing is being put. Returns how many. */
  keepOnly(cids: ReadonlySet<CidString>): Promise<number>
  /** Removes blocks that nothing pins. Returns how many. */
  sweep(signal?: AbortSignal): Promise<number>
}
