/** Walks one message by a table of its fields: unknown fields, wrong wire types and singular fields that come twice are refused. */
import type { Budget, Field } from './wire.ts'
import { BYTES, FIXED32, FIXED64, invalid, VARINT, WireReader } from './wire.ts'

/** `one` may come once, `many` any number of times; `packed` is a list of numbers, packed or not. */
export type Kind =
  'one-number' | 'one-float' | 'one-bytes' | 'many-bytes' | 'many-numbers' | 'many-floats' | 'many-doubles'

/** Field number to what stands there. */
export type Table = Readonly<Record<number, Kind>>

const WIRES: Readonly<Record<Kind, readonly number[]>> = {
  'one-number': [VARINT],
  'one-float': [FIXED32],
  'one-bytes': [BYTES],
  'many-bytes': [BYTES],
  'many-numbers': [VARINT, BYTES],
  'many-floats': [FIXED32, BYTES],
  'many-doubles': [FIXED64, BYTES]
}

/** Calls `take` for each field in order. MODULE_INVALID names the message by `where`. */
export function eachField(
  bytes: Uint8Array,
  table: Table,
  where: string,
  budget: Budget,
  take: (field: Field) => void
): void {
  const reader = new WireReader(bytes, where, budget)
  const seen = new Set<number>()
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    const kind = table[field.number]
    if (kind === undefined) throw invalid(where, `has the field ${field.number}, which is not taken`)
    if (!WIRES[kind].includes(field.wire))
      throw invalid(where, `has the field ${field.number} in another shape`)
    if (kind.startsWith('one-')) {
      if (seen.has(field.number)) throw invalid(where, `has the field ${field.number} twice`)
      seen.add(field.number)
    }
    take(field)
  }
}

/** The numbers of a `many-numbers` field, packed or single. */
export function numbersOf(field: Field, where: string, budget: Budget): bigint[] {
  if (field.wire === VARINT) return [field.value]
  const out: bigint[] = []
  let value = 0n
  let shift = 0n
  for (const byte of field.bytes) {
    value |= BigInt(byte & 0x7f) << shift
    shift += 7n
    if (shift > 70n) throw invalid(where, 'holds a number of more than 64 bits')
    if (byte >= 0x80) continue
    budget.use()
    out.push(BigInt.asUintN(64, value))
    value = 0n
    shift = 0n
  }
  if (shift > 0n) throw invalid(where, 'is cut off')
  return out
}
