/** A GPU measured by its owner: the chain of products that challenges ask for, with plain entries. */
import { MATRIX_MAX } from '../../protocol/limits.ts'
import type { Multiplier } from '../../protocol/ports/capacity.ts'
import type { Clock } from '../../protocol/ports/clock.ts'

const STEPS = 64

/** Million multiply-adds a second, with the start of the runtime. What `multiply` throws. */
export async function measureGpu(
  clock: Clock,
  multiplier: Multiplier,
  signal: AbortSignal,
  n = MATRIX_MAX,
  steps = STEPS
): Promise<number> {
  const entries = (factor: number) => Int8Array.from({ length: n * n }, (_, i) => ((i * factor) % 31) - 15)
  const scales = Array.from({ length: steps }, (_, k) =>
    Int8Array.from({ length: n }, (_, i) => ((i + k) % 3) + 1)
  )
  const m = { n, a: entries(7), bt: entries(13), chain: { modulus: 31, scales } }
  const begun = clock.monotonic()
  await multiplier.multiply(m, signal)
  return Math.floor((steps * n ** 3) / Math.max(1, clock.monotonic() - begun) / 1_000)
}
