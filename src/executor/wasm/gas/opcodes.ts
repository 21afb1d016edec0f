/**
 * The instructions that a task may use: WebAssembly 2.0 (with fixed-width SIMD) and tail calls. An allow-list, so that a newer V8
 * does not let in what was never thought about: threads, GC, exceptions, relaxed SIMD, several memories, 64-bit memories.
 */
import type { ModuleReader } from './bytes.ts'
import { badModule } from './bytes.ts'

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eq: 0x46,
  i64LtS: 0x53,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64ShrU: 0x88,
  i64ExtendU: 0xad,
  numeric: 0xfc,
  simd: 0xfd
} as const

/** Sub-opcodes of 0xfc whose last operand is a size. */
export const BULK = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableFill: 17
} as const
const TABLE_GROW = 15

const VALUE_TYPES: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f])

/** i32, i64, f32, f64, v128, funcref, externref. */
export function readValueType(r: ModuleReader): number {
  const type = r.byte()
  if (!VALUE_TYPES.has(type)) throw badModule(`The value type 0x${type.toString(16)} is not supported.`)
  return type
}

export function readReferenceType(r: ModuleReader): void {
  const type = r.byte()
  if (type !== 0x70 && type !== 0x6f)
    throw badModule(`The reference type 0x${type.toString(16)} is not supported.`)
}

function unsupported(prefix: string, op: number): never {
  throw badModule(`The instruction 0x${prefix}${op.toString(16).padStart(2, '0')} is not supported.`)
}

function memoryArgument(r: ModuleReader): void {
  if (r.u32() >= 64) throw badModule('More than one memory is not supported.')
  r.skipLeb()
}

function times(n: number, step: () => unknown): void {
  for (let i = 0; i < n; i++) step()
}

/** Steps over one instruction. Gives its opcode, or for 0xfc and 0xfd the sub-opcode plus 0xfc00 or 0xfd00. MODULE_INVALID when it is not allowed. */
export function readInstruction(r: ModuleReader): number {
  const op = r.byte()
  if (op === OP.numeric) return 0xfc00 + skipNumeric(r)
  if (op === OP.simd) return 0xfd00 + skipSimd(r)
  skipPlain(r, op)
  return op
}

function skipPlain(r: ModuleReader, op: number): void {
  if (op >= 0x28 && op <= 0x3e) return memoryArgument(r)
  if (op >= 0x45 && op <= 0xc4) return
  if (op >= 0x20 && op <= 0x26) return r.skipLeb()
  switch (op) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1:
      return
    case OP.block:
    case OP.loop:
    case OP.if:
    case OP.br:
    case OP.brIf:
    case OP.call:
    case OP.returnCall:
    case OP.i32Const:
    case OP.i64Const:
    case 0xd2:
      return r.skipLeb()
    case OP.brTable:
      return times(r.u32() + 1, () => r.skipLeb())
    case OP.callIndirect:
    case OP.returnCallIndirect:
      return times(2, () => r.skipLeb())
    case 0x1c:
      return times(r.u32(), () => readValueType(r))
    case 0x3f:
    case OP.memoryGrow:
      if (r.byte() !== 0) throw badModule('More than one memory is not supported.')
      return
    case 0x43:
      return void r.take(4)
    case 0x44:
      return void r.take(8)
    case 0xd0:
      return readReferenceType(r)
    default:
      unsupported('', op)
  }
}

/** Saturating conversions, bulk memory, tables. `table.grow` is refused: no toolchain for commands emits it. */
function skipNumeric(r: ModuleReader): number {
  const sub = r.u32()
  if (sub > BULK.tableFill || sub === TABLE_GROW) unsupported('fc ', sub)
  if (sub < 8) return sub
  const two =
    sub === BULK.memoryInit || sub === BULK.memoryCopy || sub === BULK.tableInit || sub === BULK.tableCopy
  times(two ? 2 : 1, () => r.skipLeb())
  return sub
}

function skipSimd(r: ModuleReader): number {
  const sub = r.u32()
  if (sub >= 0x100) unsupported('fd ', sub)
  if (sub <= 11 || sub === 92 || sub === 93) memoryArgument(r)
  else if (sub <= 13) r.take(16)
  else if (sub >= 21 && sub <= 34) r.byte()
  else if (sub >= 84 && sub <= 91) {
    memoryArgument(r)
    r.byte()
  }
  return sub
}
