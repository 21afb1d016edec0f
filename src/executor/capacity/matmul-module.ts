/**
 * A WASI command that multiplies: `/in/a` holds some rows of A (int8, row by row), `/in/b` all of B transposed (int8, column by
 * column), `/out/c` gets the rows of C = A B (int32, little-endian). Sizes are baked in. Written by hand, since a compiled module
 * would have to travel with the package; the inner loop works on four columns at a time.
 */

/** Columns at a time, and steps of the inner loop that are written out: what sizes are multiples of. */
export const STEP = 8

const I32 = 0x7f
const I64 = 0x7e
const [A, C_FD, READ, WRITE] = ['a', 'c', 2n, 64n] as const

type Code = readonly number[]

const unsigned = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)])
const signed = (n: bigint): number[] => {
  const low = Number(n & 127n)
  const rest = n >> 7n
  return (rest === 0n && low < 64) || (rest === -1n && low >= 64) ? [low] : [low | 128, ...signed(rest)]
}
const name = (s: string): number[] => [s.length, ...new TextEncoder().encode(s)]
const section = (id: number, data: Code): number[] => [id, ...unsigned(data.length), ...data]
const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()]

const i32 = (n: number): Code => [0x41, ...signed(BigInt(n))]
const i64 = (n: bigint): Code => [0x42, ...signed(n)]
const get = (local: number): Code => [0x20, local]
const set = (local: number, ...value: Code): Code => [...value, 0x21, local]
const call = (index: number): Code => [0x10, index]
const load8 = (offset: number): Code => [0x2c, 0, ...unsigned(offset)]
const load32 = (offset: number): Code => [0x28, 2, ...unsigned(offset)]
const store32 = (offset: number): Code => [0x36, 2, ...unsigned(offset)]
const ADD = 0x6a
const SUB = 0x6b
const MUL = 0x6c
/** Traps unless the result of a call, on the stack, is 0. */
const must: Code = [0x04, 0x40, 0x00, 0x0b]
const loop = (body: Code): Code => [0x03, 0x40, ...body, 0x0b]
const again: Code = [0x0d, 0]

/** Places in memory: a page for names and vectors, then A, B, C. */
const SCRATCH = 0
const VECTOR = 16
const COUNT = 32
const FD = 48
const DATA = 65_536

interface Sizes {
  readonly rows: number
  readonly n: number
}
const places = ({ rows, n }: Sizes) => ({ a: DATA, b: DATA + rows * n, c: DATA + rows * n + n * n })
/** Bytes of the module's memory. */
export const matmulMemory = (s: Sizes): number =>
  Math.ceil((places(s).c + 4 * s.rows * s.n) / 65_536) * 65_536

/** Opens the file whose one-letter name is given, in the folder that is `folder`; its number is then at FD. */
const open = (folder: number, letter: string, create: boolean): Code => [
  ...i32(SCRATCH),
  ...i32(letter.charCodeAt(0)),
  ...[0x3a, 0, 0], // i32.store8
  ...[folder, 0, SCRATCH, 1, create ? 9 : 0].flatMap(i32), // 9 = create and truncate
  ...i64(create ? WRITE : READ),
  ...i64(0n),
  ...i32(0),
  ...i32(FD),
  ...call(0),
  ...must
]

/** Reads or writes (`which`) all of a stretch of memory: locals 0 and 1 hold where and how much is left. */
const transfer = (which: number, at: number, length: number): Code => [
  ...set(0, ...i32(at)),
  ...set(1, ...i32(length)),
  ...loop([
    ...[...i32(VECTOR), ...get(0), ...store32(0)],
    ...[...i32(VECTOR), ...get(1), ...store32(4)],
    ...[...i32(0), ...load32(FD), ...i32(VECTOR), ...i32(1), ...i32(COUNT), ...call(which), ...must],
    ...[...i32(0), ...load32(COUNT), 0x45, ...must], // nothing came: the file is too short
    ...set(0, ...get(0), ...i32(0), ...load32(COUNT), ADD),
    ...[...get(1), ...i32(0), ...load32(COUNT), SUB, 0x22, 1],
    ...again
  ])
]

/** Locals: 2 = row of A, 3 = column of B, 4 = end of the row, 5 = in C, 6 to 9 = sums, 10 = in A, 11 = in B, 12 = end of B, 13 = end of A. */
function multiply(s: Sizes): Code {
  const { a, b, c } = places(s)
  const { n } = s
  const step = (u: number): Code =>
    [0, 1, 2, 3].flatMap(q => [
      ...[...get(6 + q), ...get(10), ...load8(u), ...get(11), ...load8(q * n + u), MUL, ADD],
      ...[0x21, 6 + q]
    ])
  const dots = loop([
    ...Array.from({ length: STEP }, (_, u) => step(u)).flat(),
    ...set(11, ...get(11), ...i32(STEP), ADD),
    ...[...get(10), ...i32(STEP), ADD, 0x22, 10],
    ...[...get(4), 0x49, ...again] // i32.lt_u
  ])
  const columns = loop([
    ...[6, 7, 8, 9].flatMap(q => set(q, ...i32(0))),
    ...set(10, ...get(2)),
    ...set(11, ...get(3)),
    ...dots,
    ...[0, 1, 2, 3].flatMap(q => [...get(5), ...get(6 + q), ...store32(4 * q)]),
    ...set(5, ...get(5), ...i32(16), ADD),
    ...[...get(3), ...i32(4 * n), ADD, 0x22, 3],
    ...[...get(12), 0x49, ...again]
  ])
  return [
    ...set(2, ...i32(a)),
    ...set(5, ...i32(c)),
    ...set(12, ...i32(b + n * n)),
    ...set(13, ...i32(a + s.rows * n)),
    ...loop([
      ...set(3, ...i32(b)),
      ...set(4, ...get(2), ...i32(n), ADD),
      ...columns,
      ...[...get(4), 0x22, 2, ...get(13), 0x49, ...again]
    ])
  ]
}

/** The module for `rows` rows of an n x n product; both are multiples of STEP, n at most MATRIX_MAX (limits.ts), where C has 16 MiB. */
export function matmulModule(s: Sizes): Uint8Array {
  const { a, b, c } = places(s)
  const code: Code = [
    ...list([[14, I32]]),
    ...[...open(3, A, false), ...transfer(1, a, s.rows * s.n)],
    ...[...open(3, 'b', false), ...transfer(1, b, s.n * s.n)],
    ...multiply(s),
    ...[...open(4, C_FD, true), ...transfer(2, c, 4 * s.rows * s.n)],
    0x0b
  ]
  const imports = ['path_open', 'fd_read', 'fd_write'].map((f, i) => [
    ...name('wasi_snapshot_preview1'),
    ...name(f),
    ...[0, i === 0 ? 0 : 1]
  ])
  const types = [
    [0x60, ...list([I32, I32, I32, I32, I32, I64, I64, I32, I32].map(t => [t])), 1, I32],
    [0x60, ...list([I32, I32, I32, I32].map(t => [t])), 1, I32],
    [0x60, 0, 0]
  ]
  const pages = matmulMemory(s) / 65_536
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list(imports)),
    ...section(3, list([[2]])),
    ...section(5, list([[1, ...unsigned(pages), ...unsigned(pages)]])),
    ...section(
      7,
      list([
        [...name('memory'), 2, 0],
        [...name('_start'), 0, 3]
      ])
    ),
    ...section(10, list([[...unsigned(code.length), ...code]]))
  ])
}
