/** Counts real work under way (disk, chain), so that simulated time stands still meanwhile. */
export class Busy {
  #count = 0
  #changes = 0

  /** Grows with every begin and end: tells whether anything happened since. */
  get changes(): number {
    return this.#changes
  }
  get count(): number {
    return this.#count
  }

  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count++
    this.#changes++
    try {
      return await work()
    } finally {
      this.#count--
      this.#changes++
    }
  }
}
