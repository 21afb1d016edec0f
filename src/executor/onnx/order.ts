/** Randomness of training as a function of seed and place, without any state: a run that resumes draws what the first one would have. */

/** 32 random bits for a place in a seed's sequence: a mix of counter and key in three rounds (murmur3's finaliser). */
function mix(key: number, counter: number): number {
  let x = (counter ^ Math.imul(key, 0x9e3779b1)) >>> 0
  for (const multiplier of [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]) {
    x = Math.imul(x ^ (x >>> 16), multiplier) >>> 0
    x = (x + key) >>> 0
  }
  return (x ^ (x >>> 15)) >>> 0
}

/** Draws one after the other from the stream `stream` of a seed (a whole number of 32 bits). */
export class Draws {
  readonly #key: number
  #counter = 0

  constructor(seed: number, stream: number) {
    this.#key = mix(mix(seed >>> 0, 0x5105), stream >>> 0)
  }

  /** 0 up to but without 1. */
  fraction(): number {
    return mix(this.#key, this.#counter++) / 2 ** 32
  }

  below(n: number): number {
    return Math.floor(this.fraction() * n)
  }
}

/** Every row once, in the order of an epoch. */
export function shuffled(rows: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, i) => i)
  const draws = new Draws(seed, epoch)
  for (let i = rows - 1; i > 0; i--) {
    const j = draws.below(i + 1)
    const held = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = held
  }
  return order
}

/** The rows of each step; step 0 is the first. Each epoch is shuffled anew; what does not fill a batch at its end is left out. */
export class BatchOrder {
  readonly #rows: number
  readonly #batch: number
  readonly #seed: number
  #epoch = -1
  #order: Uint32Array = new Uint32Array(0)

  constructor(rows: number, batch: number, seed: number) {
    this.#rows = rows
    this.#batch = Math.min(batch, rows)
    this.#seed = seed
  }

  get batch(): number {
    return this.#batch
  }

  rowsOf(step: number): Uint32Array {
    const perEpoch = Math.floor(this.#rows / this.#batch)
    const epoch = Math.floor(step / perEpoch)
    if (epoch !== this.#epoch) {
      this.#order = shuffled(this.#rows, this.#seed, epoch)
      this.#epoch = epoch
    }
    const from = (step % perEpoch) * this.#batch
    return this.#order.subarray(from, from + this.#batch)
  }
}

/** He initialisation (He et al. 2015, arXiv:1502.01852): uniform in +-sqrt(6 / inputs) for matrices, zero for vectors. */
export function initialWeight(dims: readonly number[], seed: number, stream: number): Float32Array {
  const data = new Float32Array(dims.reduce((n, d) => n * d, 1))
  if (dims.length < 2) return data
  const inputs = dims.length === 2 ? (dims[0] ?? 1) : dims.slice(1).reduce((n, d) => n * d, 1)
  const bound = Math.sqrt(6 / Math.max(1, inputs))
  const draws = new Draws(seed, 0x10000000 + stream)
  for (let i = 0; i < data.length; i++) data[i] = (draws.fraction() * 2 - 1) * bound
  return data
}
