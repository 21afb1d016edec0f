import type { TaskRequest } from '../../protocol/ports/engine.ts'
import { bundleFromMap, oneChunk } from '../../protocol/bundle.ts'

/** Rounds of the loop; with 29 gas each about half a second on a common machine of 2024. */
const ROUNDS = 150_000_000

/**
 * A loop of the kinds of work that tasks do: 64-bit integers, floats, loads and stores over 64 KiB.
 *
 *   (memory (export "memory") 1)
 *   (func (export "_start") (local $i i32) (local $x i64) (local $f f64)
 *     (loop
 *       (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1)))
 *       (i64.store (i32.and (local.get $i) (i32.const 65528)) (i64.xor (local.get $x) (i64.load (i32.and (local.get $i) (i32.const 65528)))))
 *       (local.set $f (f64.add (f64.mul (local.get $f) (f64.const 0.5)) (f64.convert_i64_s (local.get $x))))
 *       (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ROUNDS)))))
 */
function benchmarkModule(): Uint8Array {
  const leb = (n: bigint): number[] => {
    const low = Number(n & 127n)
    const rest = n >> 7n
    return (rest === 0n && low < 64) || (rest === -1n && low >= 64) ? [low] : [low | 128, ...leb(rest)]
  }
  const mask = [0x20, 0, 0x41, ...leb(65528n), 0x71]
  const body = [
    ...[3, 1, 0x7f, 1, 0x7e, 1, 0x7c],
    ...[0x03, 0x40],
    ...[0x20, 1, 0x42, ...leb(6364136223846793005n), 0x7e, 0x42, 1, 0x7c, 0x21, 1],
    ...[...mask, 0x20, 1, ...mask, 0x29, 3, 0, 0x85, 0x37, 3, 0],
    ...[0x20, 2, 0x44, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0xa2, 0x20, 1, 0xb9, 0xa0, 0x21, 2],
    ...[0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, ...leb(BigInt(ROUNDS)), 0x49, 0x0d, 0],
    ...[0x0b, 0x0b]
  ]
  const text = (s: string): number[] => [s.length, ...new TextEncoder().encode(s)]
  const section = (id: number, ...data: number[]): number[] => [id, data.length, ...data]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...text('memory'), 2, 0, ...text('_start'), 0, 0),
    ...section(10, 1, body.length, ...body)
  ])
}

/** The task behind `benchmark()`. */
export const benchmarkTask = (): TaskRequest => ({
  module: benchmarkModule(),
  args: [],
  env: {},
  shard: 0,
  shards: 1,
  seed: new Uint8Array(32),
  limits: {
    gas: 10n ** 12n,
    memoryBytes: 1_048_576,
    wallMs: 30_000,
    outputBytes: 0,
    logBytes: 0,
    moduleBytes: 65_536,
    inputBytes: 1024
  },
  input: oneChunk(bundleFromMap(new Map()))
})
