import type { Sections } from './sections.ts'
import type { FunctionShape, Inserts } from './meter.ts'
import type { FunctionType, ModuleShape } from './sections.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { badModule, leb, ModuleReader, ModuleWriter, signedLeb } from './bytes.ts'
import { byBytes, byEntries, byPages, grownHelper, meterBody, sizeHelper } from './meter.ts'
import { OP } from './opcodes.ts'
import { MAX_AHEAD } from './regions.ts'
import { joinModule, readShape, SECTION, splitModule } from './sections.ts'

/** Names under which the metered module exports its counter (i64) and the note that memory was refused (i32). */
export const GAS_EXPORT = 'shoal:gas'
export const DENIED_EXPORT = 'shoal:memory-denied'

export interface Instrumented {
  readonly bytes: Uint8Array
  readonly shape: ModuleShape
}

/** A section with `extra` items at its end. */
function extend(sections: Sections, id: number, extra: readonly (readonly number[] | Uint8Array)[]): void {
  const r = new ModuleReader(sections.get(id) ?? Uint8Array.of(0))
  const out = new ModuleWriter(r.bytes.length + 64).u32(r.u32() + extra.length).add(r.rest())
  for (const item of extra) out.add(item)
  sections.set(id, out.done())
}

/** The memory's upper limit, lowered to `maxPages`: past it `memory.grow` gives -1, on every engine. LIMIT_MEMORY when it begins above. */
function limitMemory(sections: Sections, maxPages: number): void {
  const data = sections.get(SECTION.memory)
  if (data === undefined) return
  const r = new ModuleReader(data)
  if (r.u32() === 0) return
  const hasMax = r.byte() === 1
  const min = r.u32()
  const max = Math.min(maxPages, hasMax ? r.u32() : maxPages)
  if (min > maxPages) {
    throw new ShoalError(
      'LIMIT_MEMORY',
      `The module begins with ${min} pages of memory; ${maxPages} are allowed.`
    )
  }
  sections.set(SECTION.memory, Uint8Array.from([1, 1, ...leb(min), ...leb(max)]))
}

function exportItem(name: string, index: number): Uint8Array {
  const out = new ModuleWriter().sized(new TextEncoder().encode(name))
  return out.add([3]).u32(index).done()
}

/** Block types of functions with several results need a type of their own; `next` is the first free index. */
function blockTypes(types: readonly FunctionType[], next: number) {
  const extra: number[][] = []
  const made = new Map<number, number[]>()
  const of = (index: number): number[] => {
    const known = made.get(index)
    if (known !== undefined) return known
    const results = types[index]?.results ?? []
    const [only] = results
    const short = only === undefined ? [0x40] : [only]
    if (results.length > 1) extra.push([0x60, 0, ...leb(results.length), ...results])
    const type = results.length > 1 ? signedLeb(next + extra.length - 1) : short
    made.set(index, type)
    return type
  }
  return { of, extra }
}

function rewriteCode(
  sections: Sections,
  shapes: readonly FunctionShape[],
  inserts: Inserts,
  helpers: readonly Uint8Array[]
): void {
  const r = new ModuleReader(sections.get(SECTION.code) ?? Uint8Array.of(0))
  const count = r.u32()
  const out = new ModuleWriter(r.bytes.length * 2).u32(count + helpers.length)
  for (const shape of shapes.slice(0, count)) out.sized(meterBody(r.take(r.u32()), shape, inserts))
  for (const body of helpers) out.sized(body)
  sections.set(SECTION.code, out.done())
}

/** The type index of each function that has a body. */
function typeIndexes(sections: Sections): number[] {
  const r = new ModuleReader(sections.get(SECTION.function) ?? Uint8Array.of(0))
  return Array.from({ length: r.u32() }, () => r.u32())
}

/**
 * The metered module. Set its exported counter before a call; below zero means that the gas ran out.
 * MODULE_INVALID when the bytes are no module of the allowed kind, LIMIT_MEMORY when it begins with more than `maxPages`. New types, functions and globals go to the end of their index
 * spaces, so nothing that the module refers to moves; custom sections are dropped.
 */
export function instrument(original: Uint8Array, maxPages: number, maxAhead = MAX_AHEAD): Instrumented {
  // Before the rewrite: a module that reaches for the index of a global it does not have must fail here.
  if (!WebAssembly.validate(new Uint8Array(original)))
    throw badModule('These bytes are not a valid WebAssembly module.')
  const sections = splitModule(original)
  const shape = readShape(sections)
  if (shape.exports.has(GAS_EXPORT) || shape.exports.has(DENIED_EXPORT)) {
    throw badModule(`The module exports a name that is ours: ${GAS_EXPORT} or ${DENIED_EXPORT}.`)
  }
  limitMemory(sections, maxPages)
  const gas = leb(shape.globals)
  const denied = leb(shape.globals + 1)
  const firstHelper = shape.imports.length + shape.functions
  const call = (helper: number): number[] => [OP.call, ...leb(firstHelper + helper)]
  const check = [OP.globalGet, ...gas, OP.i64Const, 0, OP.i64LtS, OP.if, 0x40, OP.unreachable, OP.end]
  const sizes = { bytes: call(0), pages: call(1), entries: call(2) }
  const inserts: Inserts = { gas, ...sizes, grown: call(3), maxAhead }
  const helpers = [
    ...[byBytes, byPages, byEntries].map(scale => sizeHelper(gas, scale, check)),
    grownHelper(denied)
  ]
  const blocks = blockTypes(shape.types, shape.types.length + 1)
  const shapes = typeIndexes(sections).map(index => ({
    params: shape.types[index]?.params.length ?? 0,
    blockType: blocks.of(index)
  }))
  extend(sections, SECTION.type, [[0x60, 1, 0x7f, 1, 0x7f], ...blocks.extra])
  extend(
    sections,
    SECTION.function,
    helpers.map(() => leb(shape.types.length))
  )
  extend(sections, SECTION.global, [
    [0x7e, 1, OP.i64Const, 0, OP.end],
    [0x7f, 1, OP.i32Const, 0, OP.end]
  ])
  extend(sections, SECTION.export, [
    exportItem(GAS_EXPORT, shape.globals),
    exportItem(DENIED_EXPORT, shape.globals + 1)
  ])
  rewriteCode(sections, shapes, inserts, helpers)
  return { bytes: joinModule(sections), shape }
}
