/** A durable ordered map: the journal and the small indexes rest on it. */

export type StoreOp = { readonly put: string; readonly value: Uint8Array } | { readonly del: string }

export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  /** All or nothing, and on the disk before it resolves. */
  batch(ops: readonly StoreOp[]): Promise<void>
  /** Entries whose key begins with `prefix`, in key order. */
  range(
    prefix: string,
    options?: { limit?: number; reverse?: boolean }
  ): AsyncIterable<readonly [string, Uint8Array]>
  close(): Promise<void>
}
