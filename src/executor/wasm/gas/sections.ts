/** Splits a module into sections and checks the parts that matter for safety against an allow-list. */
import { badModule, ModuleReader, ModuleWriter } from './bytes.ts'
import { OP, readInstruction, readReferenceType, readValueType } from './opcodes.ts'

export const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12
} as const

/** The order in which sections must stand; custom sections are left out. */
const ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]
/** Tables are memory that `memoryBytes` does not cover. */
const MAX_TABLE_ENTRIES = 1_000_000

export type Sections = Map<number, Uint8Array>

export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

export interface ImportedFunction {
  readonly module: string
  readonly name: string
  readonly type: FunctionType
}

/** Counts that the rewriter needs to give the new parts their indices. */
export interface ModuleShape {
  readonly types: readonly FunctionType[]
  readonly imports: readonly ImportedFunction[]
  readonly functions: number
  readonly globals: number
  readonly exports: ReadonlyMap<string, { readonly kind: number; readonly index: number }>
}

export function splitModule(bytes: Uint8Array): Sections {
  const r = new ModuleReader(bytes)
  r.take(8)
  const sections: Sections = new Map()
  while (!r.done) {
    const id = r.byte()
    const data = r.take(r.u32())
    if (id === 0) continue
    if (!ORDER.includes(id)) throw badModule(`The section kind ${id} is not supported.`)
    sections.set(id, data)
  }
  return sections
}

export function joinModule(sections: Sections): Uint8Array {
  const out = new ModuleWriter(4096).add([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  for (const id of ORDER) {
    const data = sections.get(id)
    if (data !== undefined) out.add([id]).sized(data)
  }
  return out.done()
}

/** Reads a section's items; a missing section has none. */
function items<T>(sections: Sections, id: number, read: (r: ModuleReader) => T): T[] {
  const data = sections.get(id)
  if (data === undefined) return []
  const r = new ModuleReader(data)
  const out: T[] = []
  for (let n = r.u32(); n > 0; n--) out.push(read(r))
  return out
}

function readTypes(r: ModuleReader): FunctionType {
  if (r.byte() !== 0x60) throw badModule('Only function types are supported.')
  const list = (): number[] => Array.from({ length: r.u32() }, () => readValueType(r))
  return { params: list(), results: list() }
}

function readImport(r: ModuleReader, types: readonly FunctionType[]): ImportedFunction {
  const module = r.name()
  const name = r.name()
  const kind = r.byte()
  if (kind !== 0) {
    const what = ['function', 'table', 'memory', 'global'][kind] ?? 'tag'
    throw badModule(`The module imports the ${what} ${module}.${name}; only functions can be imported.`)
  }
  const type = types[r.u32()]
  if (type === undefined) throw badModule('An import has an unknown type.')
  return { module, name, type }
}

/** Lower limit of a memory or table; shared and 64-bit ones are refused. */
function readLimits(r: ModuleReader): number {
  const flags = r.byte()
  if (flags > 1) throw badModule('Shared and 64-bit memories are not supported.')
  const low = r.u32()
  if (flags === 1) r.skipLeb()
  return low
}

function readGlobal(r: ModuleReader): void {
  readValueType(r)
  r.byte()
  while (readInstruction(r) !== OP.end);
}

function checkTables(sections: Sections): void {
  const sizes = items(sections, SECTION.table, r => {
    readReferenceType(r)
    return readLimits(r)
  })
  const entries = sizes.reduce((sum, n) => sum + n, 0)
  if (entries > MAX_TABLE_ENTRIES) throw badModule(`The tables have more than ${MAX_TABLE_ENTRIES} entries.`)
}

/** What the rewriter and the engine need to know. MODULE_INVALID for anything outside the allow-list. */
export function readShape(sections: Sections): ModuleShape {
  if (sections.has(SECTION.start))
    throw badModule('The module has a start section; a command begins at _start.')
  const types = items(sections, SECTION.type, readTypes)
  const imports = items(sections, SECTION.import, r => readImport(r, types))
  const functions = items(sections, SECTION.function, r => r.u32()).length
  checkTables(sections)
  if (items(sections, SECTION.memory, readLimits).length > 1)
    throw badModule('More than one memory is not supported.')
  const globals = items(sections, SECTION.global, readGlobal).length
  const exported = items(
    sections,
    SECTION.export,
    r => [r.name(), { kind: r.byte(), index: r.u32() }] as const
  )
  return { types, imports, functions, globals, exports: new Map(exported) }
}
