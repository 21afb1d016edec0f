/**
 * One bit pattern for NaN. WebAssembly leaves the bits of a NaN that arithmetic makes to the processor (x86 sets the sign, ARM does
 * not); so that equal tasks give equal bytes everywhere, such a result is replaced by the canonical NaN wherever its bits could be seen.
 * Where the next thing that takes it is arithmetic or a comparison as well, nothing is seen and nothing is put in. Loads, stores and
 * copies of a program's own bit patterns are left alone.
 * Source of the rule: the WebAssembly specification, "NaN Propagation"; abs, neg and copysign work on bits and propagate none.
 */
import { ModuleReader } from './bytes.ts'
import { OP, readInstruction } from './opcodes.ts'

export type FloatKind = 'f32' | 'f64' | 'f32x4' | 'f64x2'

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)
const simd = (subs: readonly number[]): number[] => subs.map(sub => 0xfd00 + sub)

/** Instructions whose result may be a NaN of any bits. */
const MAKES: ReadonlyMap<number, FloatKind> = new Map<number, FloatKind>([
  ...[...range(0x8d, 0x97), 0xb6].map(op => [op, 'f32'] as const),
  ...[...range(0x9b, 0xa5), 0xbb].map(op => [op, 'f64'] as const),
  ...simd([...range(103, 106), 227, ...range(228, 233), 94]).map(op => [op, 'f32x4'] as const),
  ...simd([116, 117, 122, 148, 239, ...range(240, 245), 95]).map(op => [op, 'f64x2'] as const)
])

/** Instructions that see of a NaN only that it is one: those above, comparisons, and conversions to integers. */
const BLIND: ReadonlySet<number> = new Set([
  ...MAKES.keys(),
  ...range(0x5b, 0x66),
  ...range(0xa8, 0xab),
  ...range(0xae, 0xb1),
  ...range(0xfc00, 0xfc07),
  ...simd([...range(65, 76), ...range(248, 251)])
])

const UNARY: ReadonlySet<number> = new Set([
  ...range(0x28, 0x35),
  ...[0x45, 0x50, ...range(0x67, 0x69), ...range(0x79, 0x7b)],
  ...[...range(0x8b, 0x91), ...range(0x99, 0x9f), ...range(0xa7, 0xc4)],
  ...range(0xfc00, 0xfc07),
  ...simd([
    ...range(0, 10),
    92,
    93,
    94,
    95,
    ...range(103, 106),
    116,
    117,
    122,
    148,
    224,
    225,
    227,
    236,
    237,
    239
  ]),
  ...simd(range(248, 251))
])
const BINARY: ReadonlySet<number> = new Set([
  ...[...range(0x46, 0x4f), ...range(0x51, 0x66), ...range(0x6a, 0x78), ...range(0x7c, 0x8a)],
  ...[...range(0x92, 0x98), ...range(0xa0, 0xa6)],
  ...simd([...range(65, 76), ...range(228, 235), ...range(240, 247)])
])
/** local.get, global.get, the constants. */
const PUSHES: ReadonlySet<number> = new Set([OP.localGet, OP.globalGet, 0x41, 0x42, 0x43, 0x44, 0xfd0c])
const LOCAL_SET = 0x21
const LOCAL_TEE = 0x22

/** How far the next use of a result is looked for. */
const LOOK_AHEAD = 24

function stackEffect(op: number): { readonly pops: number; readonly pushes: number } | undefined {
  if (PUSHES.has(op)) return { pops: 0, pushes: 1 }
  if (UNARY.has(op)) return { pops: 1, pushes: 1 }
  if (BINARY.has(op)) return { pops: 2, pushes: 1 }
  if (op === LOCAL_SET) return { pops: 1, pushes: 0 }
  return op === LOCAL_TEE ? { pops: 1, pushes: 1 } : undefined
}

/** Steps over one instruction; with the local's index for those that name one. */
function readNext(r: ModuleReader): { readonly op: number; readonly local: number | undefined } {
  const from = r.pos
  const op = readInstruction(r)
  if (op !== OP.localGet && op !== LOCAL_SET && op !== LOCAL_TEE) return { op, local: undefined }
  const index = new ModuleReader(r.bytes)
  index.pos = from + 1
  return { op, local: index.u32() }
}

/**
 * Locals that are only ever set to results of arithmetic of one kind: their bits belong to nobody, so they may be made canonical where
 * they are read instead of where they are set. In loops most reads are blind. Parameters hold what callers kept and are not among them.
 */
function lazyLocals(body: Uint8Array, start: number, params: number): ReadonlyMap<number, FloatKind> {
  const kinds = new Map<number, FloatKind | 'mixed'>()
  const r = new ModuleReader(body)
  r.pos = start
  for (let before: number | undefined; !r.done;) {
    const { op, local } = readNext(r)
    if (local !== undefined && op !== OP.localGet) {
      const kind = before === undefined ? undefined : MAKES.get(before)
      const known = kinds.get(local) ?? kind
      kinds.set(local, kind === undefined || known !== kind ? 'mixed' : kind)
    }
    before = op
  }
  const lazy = new Map<number, FloatKind>()
  for (const [local, kind] of kinds) if (kind !== 'mixed' && local >= params) lazy.set(local, kind)
  return lazy
}

/** Where NaNs of one function must be made canonical. */
export class NanRule {
  readonly #body: Uint8Array
  readonly #lazy: ReadonlyMap<number, FloatKind>

  /** `start`: where the instructions begin, after the locals. */
  constructor(body: Uint8Array, start: number, params: number) {
    this.#body = body
    this.#lazy = lazyLocals(body, start, params)
  }

  /** The kind of float whose bits must be made canonical after the instruction from `from` to `pos`; undefined when none need be. */
  after(op: number, from: number, pos: number): FloatKind | undefined {
    const kind = op === OP.localGet ? this.#lazyAt(from) : MAKES.get(op)
    return kind === undefined || this.#takenBlindly(pos) ? undefined : kind
  }

  #lazyAt(from: number): FloatKind | undefined {
    const r = new ModuleReader(this.#body)
    r.pos = from + 1
    return this.#lazy.get(r.u32())
  }

  /** True when the value on top of the stack at `pos` is next taken by what is blind to its bits. */
  #takenBlindly(pos: number): boolean {
    const r = new ModuleReader(this.#body)
    r.pos = pos
    // how many values from the top ours lies, 1 for the top
    let depth = 1
    for (let n = 0; n < LOOK_AHEAD && !r.done; n++) {
      const { op, local } = readNext(r)
      const effect = stackEffect(op)
      if (effect === undefined) return false
      if (depth <= effect.pops) {
        const lazy = local !== undefined && this.#lazy.has(local)
        // a lazy local is looked after where it is read; what a tee leaves on the stack goes on
        if (!lazy) return BLIND.has(op)
        if (op === LOCAL_SET) return true
      } else depth += effect.pushes - effect.pops
    }
    return false
  }
}

const F32_NAN = [0, 0, 0xc0, 0x7f]
const F64_NAN = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]
const SELECT = 0x1b
const V128_CONST = [OP.simd, 12]
/** Relaxed, but with masks of all bits or none no processor has a choice, and on x86 it is one instruction instead of three. */
const SELECT_LANES_32 = [OP.simd, 0x8b, 0x02]
const SELECT_LANES_64 = [OP.simd, 0x8c, 0x02]

/** The canonical NaN, and how two of the kind are compared. */
const PARTS: Readonly<
  Record<FloatKind, { readonly nan: readonly number[]; readonly choose: readonly number[] }>
> = {
  f32: { nan: [0x43, ...F32_NAN], choose: [0x5b, SELECT] },
  f64: { nan: [0x44, ...F64_NAN], choose: [0x61, SELECT] },
  f32x4: {
    nan: [...V128_CONST, ...F32_NAN, ...F32_NAN, ...F32_NAN, ...F32_NAN],
    choose: [OP.simd, 65, ...SELECT_LANES_32]
  },
  f64x2: { nan: [...V128_CONST, ...F64_NAN, ...F64_NAN], choose: [OP.simd, 71, ...SELECT_LANES_64] }
}

/** The type of the local that `canonical` needs. */
export const localType = (kind: FloatKind): number => (kind === 'f32' ? 0x7d : kind === 'f64' ? 0x7c : 0x7b)

/** Replaces a NaN on top of the stack by the canonical one: x when x = x, else the NaN. `local` is its LEB128 index. */
export function canonical(kind: FloatKind, local: readonly number[]): number[] {
  const { nan, choose } = PARTS[kind]
  const again = [OP.localGet, ...local]
  return [LOCAL_TEE, ...local, ...nan, ...again, ...again, ...choose]
}
