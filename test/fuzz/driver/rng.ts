/** A fast seeded generator (xorshift128), equal everywhere for equal seeds. */
export class Rng {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    this.#a = seed | 0 || 0x9e3779b9
    this.#b = 0x243f6a88 ^ (seed | 0)
    this.#c = 0xb7e15162
    this.#d = 0x85a308d3
    for (let i = 0; i < 16; i++) this.next()
  }

  /** 32 random bits. */
  next(): number {
    let t = this.#d
    const s = this.#a
    this.#d = this.#c
    this.#c = this.#b
    this.#b = s
    t ^= t << 11
    t ^= t >>> 8
    this.#a = t ^ s ^ (s >>> 19)
    return this.#a >>> 0
  }

  /** A whole number from 0 to n - 1; 0 for n of 0. */
  below(n: number): number {
    return n <= 0 ? 0 : this.next() % n
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.next() % n === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}
