/** A map that forgets its oldest entry instead of growing past `max`. Touching an entry makes it the youngest. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Writes an entry as the youngest; the oldest goes when the map is full. */
  set(key: K, value: V): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#max) {
      const oldest = this.#entries.keys().next()
      if (oldest.done !== true) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, value)
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Removes every entry for which `gone` holds; oldest first. */
  prune(gone: (value: V, key: K) => boolean): void {
    for (const [key, value] of this.#entries) if (gone(value, key)) this.#entries.delete(key)
  }

  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }

  clear(): void {
    this.#entries.clear()
  }
}
