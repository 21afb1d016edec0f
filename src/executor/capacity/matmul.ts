/** Matrix products in the engine that tasks will use: what is measured and challenged is what a task gets. */
import { bundleFromMap, concatBytes, oneChunk } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { KiB, MATRIX_MAX, MiB } from '../../protocol/limits.ts'
import type { Matrices, Multiplier } from '../../protocol/ports/capacity.ts'
import type { Engine, TaskRequest } from '../../protocol/ports/engine.ts'
import { STEP, matmulMemory, matmulModule } from './matmul-module.ts'
import { runForFile } from './run.ts'

/** A product that takes longer is not worth waiting for, ms. */
const WALL_MS = 60_000

/** Rows `from` to `to` as a task. */
function bandTask({ n, a, bt }: Matrices, from: number, to: number): TaskRequest {
  const rows = to - from
  const bytes = (view: Int8Array): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const files = new Map([
    ['a', bytes(a.subarray(from * n, to * n))],
    ['b', bytes(bt)]
  ])
  return {
    module: matmulModule({ rows, n }),
    args: [],
    env: {},
    shard: 0,
    shards: 1,
    seed: new Uint8Array(32),
    limits: {
      gas: 10n ** 13n,
      memoryBytes: matmulMemory({ rows, n }),
      wallMs: WALL_MS,
      outputBytes: 4 * rows * n + KiB,
      logBytes: 0,
      moduleBytes: 64 * KiB,
      inputBytes: (rows + n) * n + MiB
    },
    input: oneChunk(bundleFromMap(files))
  }
}

/** The first row of each band and the end, in multiples of STEP. */
function bounds(n: number, lanes: number): number[] {
  const steps = n / STEP
  const parts = Math.min(lanes, steps)
  return Array.from({ length: parts + 1 }, (_, i) => Math.floor((i * steps) / parts) * STEP)
}

/**
 * Multiplies on `lanes` runs of the engine at the same time, each with its share of the rows.
 * `multiply` throws RECORD_INVALID for a size that is no multiple of 8 or above MATRIX_MAX, ENGINE_BROKEN, CANCELLED.
 */
export function engineMultiplier(engine: Engine, lanes: number): Multiplier {
  return {
    lanes,
    async multiply(m, signal) {
      const { n } = m
      if (m.chain !== undefined)
        throw new ShoalError('RECORD_INVALID', 'no chains of products in this engine')
      if (n % STEP !== 0 || n < STEP || n > MATRIX_MAX)
        throw new ShoalError(
          'RECORD_INVALID',
          `no matrix of ${n} rows: a multiple of ${STEP} up to ${MATRIX_MAX}`
        )
      const at = bounds(n, lanes)
      const bands = at.slice(1).map((to, i) => runForFile(engine, bandTask(m, at[i] ?? 0, to), 'c', signal))
      // every band ends before we do: a failed one must not leave the others running unseen
      const ended = await Promise.allSettled(bands)
      for (const e of ended) if (e.status === 'rejected') throw e.reason
      const c = new Int32Array(n * n)
      new Uint8Array(c.buffer).set(
        concatBytes(ended.flatMap(e => (e.status === 'fulfilled' ? [e.value] : [])))
      )
      return c
    }
  }
}
