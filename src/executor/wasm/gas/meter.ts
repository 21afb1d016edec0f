/**
 * Deterministic gas. One instruction costs 1 (`block` and `end` cost nothing); the cost of a straight run of instructions is taken
 * off in front of it. The counter is checked where code can repeat: at the start of each function and of each loop, and in host
 * calls. Between two checks a task can overdraw by one function body at most. Instructions whose work depends on an operand pay by size.
 *
 * Gas depends on the module's bytes and its input alone: not on the machine, the compiler's tiers or the time.
 */
import { ModuleReader, ModuleWriter, signedLeb } from './bytes.ts'
import { BULK, OP, readInstruction, readValueType } from './opcodes.ts'

/** Bytes moved or zeroed for one unit of gas, as a shift: 16 bytes. */
export const BYTES_PER_GAS_SHIFT = 4
/** A page of 64 KiB, zeroed. */
export const GAS_PER_PAGE = 65536 >> BYTES_PER_GAS_SHIFT
/** A table entry takes a pointer and a signature. */
export const GAS_PER_ENTRY = 1

/** Code that the rewriter puts in; made once per module because it holds indices. */
export interface Inserts {
  /** Takes `cost` off. */
  charge(cost: number): readonly number[]
  /** Stops when the counter is below zero. */
  readonly check: readonly number[]
  /** Calls that charge for the size on top of the stack and leave it there. */
  readonly bytes: readonly number[]
  readonly pages: readonly number[]
  readonly entries: readonly number[]
  /** Notes that `memory.grow` was refused; leaves its result. */
  readonly grown: readonly number[]
}

/** Control may leave or enter after these. */
const ENDS_RUN: ReadonlySet<number> = new Set([
  OP.unreachable,
  OP.loop,
  OP.if,
  OP.else,
  OP.end,
  OP.br,
  OP.brIf,
  OP.brTable,
  OP.return,
  OP.returnCall,
  OP.returnCallIndirect
])

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

/** Steps over the local declarations; gives how many locals there are. Each is zeroed on entry. */
function readLocals(r: ModuleReader): number {
  let locals = 0
  for (let groups = r.u32(); groups > 0; groups--) {
    locals += r.u32()
    readValueType(r)
  }
  return locals
}

/** One function body with charges put in. */
export function meterBody(body: Uint8Array, inserts: Inserts): Uint8Array {
  const r = new ModuleReader(body)
  const out = new ModuleWriter(body.length * 2)
  const run = new ModuleWriter()
  /** What the instructions in `run` cost; the first run also pays for the call and for zeroing the locals. */
  let cost = 1 + (readLocals(r) >> 1)
  let mustCheck = true
  out.add(body.subarray(0, r.pos))
  const flush = (): void => {
    if (cost > 0) {
      out.add(inserts.charge(cost))
      if (mustCheck) out.add(inserts.check)
      mustCheck = false
      cost = 0
    }
    out.add(run.done())
    run.clear()
  }
  while (!r.done) {
    const from = r.pos
    const op = readInstruction(r)
    const charge = sizeCharge(op, inserts)
    if (charge !== undefined) run.add(charge)
    run.add(body.subarray(from, r.pos))
    if (op === OP.memoryGrow) run.add(inserts.grown)
    if (op !== OP.block && op !== OP.end) cost++
    if (ENDS_RUN.has(op)) flush()
    if (op === OP.loop) mustCheck = true
  }
  flush()
  return out.done()
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
