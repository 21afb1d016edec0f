/** All states seen, each once: bytes in one array, found by a hash table that compares the bytes themselves. */

export class StateStore {
  readonly width: number
  #bytes: Uint8Array
  #slots: Int32Array
  #count = 0
  /** Of each state: the one it was first reached from, and by which action. */
  #parents: Int32Array
  #labels: Uint16Array

  constructor(width: number) {
    this.width = width
    this.#bytes = new Uint8Array(width * 4096)
    this.#slots = new Int32Array(16_384).fill(-1)
    this.#parents = new Int32Array(4096)
    this.#labels = new Uint16Array(4096)
  }

  get size(): number {
    return this.#count
  }

  /** The number of the state; negative minus one when it was known before. */
  add(state: Uint8Array, parent: number, label: number): number {
    if (this.#count * 2 >= this.#slots.length) this.#grow()
    const slot = this.#find(state)
    const known = this.#slots[slot] ?? -1
    if (known >= 0) return -1 - known
    if ((this.#count + 1) * this.width > this.#bytes.length) this.#widen()
    const id = this.#count++
    this.#bytes.set(state, id * this.width)
    this.#parents[id] = parent
    this.#labels[id] = label
    this.#slots[slot] = id
    return id
  }

  /** Copies a state into `out`. */
  read(id: number, out: Uint8Array): void {
    const at = id * this.width
    for (let i = 0; i < this.width; i++) out[i] = this.#bytes[at + i] ?? 0
  }

  /** The actions that led to a state, from the first. */
  path(id: number): { id: number; label: number }[] {
    const steps: { id: number; label: number }[] = []
    for (let at = id; at > 0; at = this.#parents[at] ?? 0)
      steps.push({ id: at, label: this.#labels[at] ?? 0 })
    return steps.reverse()
  }

  #hash(state: Uint8Array, from: number): number {
    let h = 0x811c9dc5
    for (let i = 0; i < this.width; i++) h = Math.imul(h ^ (state[from + i] ?? 0), 0x01000193)
    h ^= h >>> 15
    h = Math.imul(h, 0x2c1b3c6d)
    return (h ^ (h >>> 12)) >>> 0
  }

  #find(state: Uint8Array): number {
    const mask = this.#slots.length - 1
    let slot = this.#hash(state, 0) & mask
    for (;;) {
      const id = this.#slots[slot] ?? -1
      if (id < 0 || this.#same(id, state)) return slot
      slot = (slot + 1) & mask
    }
  }

  #same(id: number, state: Uint8Array): boolean {
    const at = id * this.width
    for (let i = 0; i < this.width; i++) if (this.#bytes[at + i] !== state[i]) return false
    return true
  }

  #widen(): void {
    const capacity = Math.ceil(this.#count * 1.7) + 1
    const bytes = new Uint8Array(capacity * this.width)
    bytes.set(this.#bytes.subarray(0, this.#count * this.width))
    this.#bytes = bytes
    const parents = new Int32Array(capacity)
    parents.set(this.#parents.subarray(0, this.#count))
    this.#parents = parents
    const labels = new Uint16Array(capacity)
    labels.set(this.#labels.subarray(0, this.#count))
    this.#labels = labels
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let id = 0; id < this.#count; id++) {
      let slot = this.#hash(this.#bytes, id * this.width) & mask
      while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.#slots = slots
  }
}
