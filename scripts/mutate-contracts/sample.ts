/** Chances that a seed decides, so that a run can be repeated. */

/** Numbers in 0..1 (mulberry32). */
export function chances(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same members in another order. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const chance = chances(seed)
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    const [a, b] = [out[i] as T, out[j] as T]
    ;[out[i], out[j]] = [b, a]
  }
  return out
}
