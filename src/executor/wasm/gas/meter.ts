/**
 * Deterministic gas. One instruction costs 1 (`block` and `end` cost nothing); the cost of a region (regions.ts) is taken off in
 * front of it. The counter is checked where code can repeat: at the start of each function and of each loop, and in host
 * calls. Between two checks a task can overdraw by one function body at most. Instructions whose work depends on an operand pay by size.
 *
 * Gas depends on the module's bytes and its input alone: not on the machine, the compiler's tiers or the time.
 */
import { leb, ModuleReader, ModuleWriter, signedLeb } from './bytes.ts'
import { canonical, localType, NanRule } from './nan.ts'
import { BULK, OP, readInstruction, readValueType } from './opcodes.ts'
import { Regions } from './regions.ts'

/** Bytes moved or zeroed for one unit of gas, as a shift: 16 bytes. */
export const BYTES_PER_GAS_SHIFT = 4
/** A page of 64 KiB, zeroed. */
export const GAS_PER_PAGE = 65536 >> BYTES_PER_GAS_SHIFT
/** A table entry takes a pointer and a signature. */
export const GAS_PER_ENTRY = 1

/** Code that the rewriter puts in; made once per module because it holds indices. */
export interface Inserts {
  /** The counter's global index, LEB128. */
  readonly gas: readonly number[]
  /** Calls that charge for the size on top of the stack and leave it there. */
  readonly bytes: readonly number[]
  readonly pages: readonly number[]
  readonly entries: readonly number[]
  /** Notes that `memory.grow` was refused; leaves its result. */
  readonly grown: readonly number[]
  /** See regions.ts; 0 pays for what runs and nothing else. */
  readonly maxAhead: number
}

/** What is known of a function beside its body. */
export interface FunctionShape {
  readonly params: number
  /** Its results as a block's type. */
  readonly blockType: readonly number[]
}

function sizeCharge(op: number, inserts: Inserts): readonly number[] | undefined {
  switch (op) {
    case OP.memoryGrow:
      return inserts.pages
    case 0xfc00 + BULK.memoryInit:
    case 0xfc00 + BULK.memoryCopy:
    case 0xfc00 + BULK.memoryFill:
      return inserts.bytes
    case 0xfc00 + BULK.tableInit:
    case 0xfc00 + BULK.tableCopy:
    case 0xfc00 + BULK.tableFill:
      return inserts.entries
    default:
      return undefined
  }
}

const CALLS: ReadonlySet<number> = new Set([OP.call, OP.callIndirect])
const LEAVES: ReadonlySet<number> = new Set([OP.return, OP.returnCall, OP.returnCallIndirect])
/** Instructions that cost nothing: they do nothing. */
const FREE: ReadonlySet<number> = new Set([OP.block, OP.end])
const I64 = 0x7e

/** Steps over the local declarations; gives how many locals there are, each zeroed on entry, and in how many groups. */
function readLocals(r: ModuleReader): {
  readonly groups: number
  readonly locals: number
  readonly from: number
} {
  const groups = r.u32()
  const from = r.pos
  let locals = 0
  for (let n = groups; n > 0; n--) {
    locals += r.u32()
    readValueType(r)
  }
  return { groups, locals, from }
}

/** Locals of our own, after those of the function: the counter first, then what canonical NaNs need. */
class OwnLocals {
  readonly #first: number
  readonly #types: number[] = [I64]

  constructor(first: number) {
    this.#first = first
  }

  get counter(): number[] {
    return leb(this.#first)
  }

  of(type: number): number[] {
    const known = this.#types.indexOf(type, 1)
    return leb(this.#first + (known > 0 ? known : this.#types.push(type) - 1))
  }

  get types(): readonly number[] {
    return this.#types
  }
}

/**
 * One function body with charges put in. Inside, the counter is kept in a local, which a compiler keeps in a register; the global has it
 * whenever anybody else may look: before calls, returns and the end, and when the gas has run out. A trap leaves what it had before.
 */
export function meterBody(body: Uint8Array, shape: FunctionShape, inserts: Inserts): Uint8Array {
  const r = new ModuleReader(body)
  const declared = readLocals(r)
  const declarations = body.subarray(declared.from, r.pos)
  const nans = new NanRule(body, r.pos, shape.params)
  const own = new OwnLocals(shape.params + declared.locals)
  const { counter } = own
  const save = [OP.localGet, ...counter, OP.globalSet, ...inserts.gas]
  const load = [OP.globalGet, ...inserts.gas, OP.localSet, ...counter]
  const out = new ModuleWriter(body.length * 2).add(load).add([OP.block, ...shape.blockType])
  let mustCheck = true
  const regions = new Regions((code, cost) => {
    if (cost > 0) out.add(charge(cost, counter, mustCheck ? save : undefined))
    if (cost > 0) mustCheck = false
    out.add(code)
  }, inserts.maxAhead)
  // the first region also pays for the call and for zeroing the locals
  regions.pay(1 + (declared.locals >> 1))
  while (!r.done) {
    const from = r.pos
    const op = readInstruction(r)
    const size = sizeCharge(op, inserts)
    if (size !== undefined) regions.add(save).add(size).add(load)
    if (CALLS.has(op) || LEAVES.has(op)) regions.add(save)
    regions.add(body.subarray(from, r.pos))
    if (CALLS.has(op)) regions.add(load)
    if (op === OP.memoryGrow) regions.add(inserts.grown)
    const float = nans.after(op, from, r.pos)
    if (float !== undefined) regions.add(canonical(float, own.of(localType(float))))
    if (!FREE.has(op)) regions.pay(1)
    regions.after(op)
    if (op === OP.loop) mustCheck = true
  }
  regions.end()
  const head = new ModuleWriter().u32(declared.groups + own.types.length).add(declarations)
  for (const type of own.types) head.add([1, type])
  // the function's own end has closed our block: its result is on the stack
  return head.add(out.done()).add(save).add([OP.end]).done()
}

/** Takes `cost` off; with `save` it also stops when the counter is below zero. */
function charge(cost: number, counter: readonly number[], save: readonly number[] | undefined): number[] {
  const less = [OP.localGet, ...counter, OP.i64Const, ...signedLeb(cost), OP.i64Sub]
  if (save === undefined) return [...less, OP.localSet, ...counter]
  const below = [OP.localTee, ...counter, OP.i64Const, 0, OP.i64LtS]
  return [...less, ...below, OP.if, 0x40, ...save, OP.unreachable, OP.end]
}

/** Code that multiplies or shifts the i32 in local 0 into a cost and takes it off `gas`; leaves local 0. One parameter, one result. */
export function sizeHelper(
  gas: readonly number[],
  scale: readonly number[],
  check: readonly number[]
): Uint8Array {
  const cost = [OP.localGet, 0, OP.i64ExtendU, ...scale]
  const take = [OP.globalGet, ...gas, ...cost, OP.i64Sub, OP.globalSet, ...gas]
  return Uint8Array.from([0, ...take, ...check, OP.localGet, 0, OP.end])
}

export const byBytes = [OP.i64Const, BYTES_PER_GAS_SHIFT, OP.i64ShrU]
export const byPages = [OP.i64Const, ...signedLeb(GAS_PER_PAGE), OP.i64Mul]
export const byEntries = [OP.i64Const, GAS_PER_ENTRY, OP.i64Mul]

/** Sets `denied` when local 0, a result of `memory.grow`, is -1. */
export function grownHelper(denied: readonly number[]): Uint8Array {
  const refused = [OP.localGet, 0, OP.i32Const, 0x7f, OP.i32Eq]
  return Uint8Array.from([
    0,
    ...refused,
    OP.if,
    0x40,
    ...[OP.i32Const, 1, OP.globalSet, ...denied],
    ...[OP.end, OP.localGet, 0, OP.end]
  ])
}
