/**
 * Every field of every message and record, found from the schemas: a field that is added tomorrow is lied about without being named here.
 * A path names the keys from the top; `*` stands for every item of a list, `?kind=x` for the branch of a union.
 */
import type { z } from 'zod'

export type Path = readonly string[]

export interface Field {
  readonly path: Path
  readonly optional: boolean
  /** A value that the schema takes, in the form that the program holds it. */
  readonly example: unknown
}

interface Def {
  readonly type: string
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly element?: z.ZodType
  readonly innerType?: z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly in?: z.ZodType
  readonly values?: readonly unknown[]
  readonly discriminator?: string
}
const defOf = (schema: z.ZodType): Def => (schema as unknown as { def: Def }).def

/** What leaves may look like before they are parsed; the first that a schema takes is its example. */
const CANDIDATES: readonly unknown[] = [
  ...[1, 0, '1', `0x${'5a'.repeat(32)}`, `0x${'5b'.repeat(20)}`, `0x${'5c'.repeat(65)}`],
  ...['12D3KooW' + 'B'.repeat(44), 'b' + 'a'.repeat(32), '/memory/x', 'NOT_NOW', 'TASK_FAILED', 'x', true],
  ...[new Uint8Array(32).fill(7), new Uint8Array(64).fill(7), new Uint8Array(80).fill(7)],
  ...[new Uint8Array(4096).fill(7), new Uint8Array(48).fill(7)]
]

/** A value that the schema takes. */
export function exampleOf(schema: z.ZodType): unknown {
  const def = defOf(schema)
  if (def.type === 'optional') return exampleOf(def.innerType as z.ZodType)
  if (def.type === 'object')
    return Object.fromEntries(Object.entries(def.shape ?? {}).map(([key, s]) => [key, exampleOf(s)]))
  if (def.type === 'array') return [exampleOf(def.element as z.ZodType)]
  if (def.type === 'union') return exampleOf((def.options ?? [])[0] as z.ZodType)
  if (def.type === 'literal') return def.values?.[0]
  if (def.type === 'enum') return Object.values((def as unknown as { entries: object }).entries)[0]
  if (def.type === 'record') return { key: 'x' }
  for (const candidate of CANDIDATES) {
    const parsed = schema.safeParse(candidate)
    if (parsed.success) return parsed.data
  }
  throw new Error(`no example for a schema of the type ${def.type}`)
}

function* walk(schema: z.ZodType, path: Path, optional: boolean): Generator<Field> {
  const def = defOf(schema)
  if (def.type === 'optional') return yield* walk(def.innerType as z.ZodType, path, true)
  // the top itself is dropped, late or repeated, which is a lie about the whole message
  if (path.length > 0) yield { path, optional, example: exampleOf(schema) }
  if (def.type === 'object')
    for (const [key, inner] of Object.entries(def.shape ?? {})) yield* walk(inner, [...path, key], false)
  if (def.type === 'array') yield* walk(def.element as z.ZodType, [...path, '*'], false)
  if (def.type === 'union')
    for (const option of def.options ?? []) yield* walk(option, [...path, branchOf(option, def)], false)
}

/** How a branch of a union is told from the others: by its literal, or by its type. */
function branchOf(option: z.ZodType, { discriminator }: Def): string {
  const { type, shape } = defOf(option)
  if (discriminator === undefined || shape === undefined) return `?${type}`
  return `?${discriminator}=${String(defOf(shape[discriminator] as z.ZodType).values?.[0])}`
}

/** All fields of a record, those of its parts included, each once. */
export function fieldsOf(schema: z.ZodType): Field[] {
  const seen = new Set<string>()
  return [...walk(schema, [], false)].filter(({ path }) => {
    const key = path.join('.')
    if (seen.has(key) || path.at(-1)?.startsWith('?') === true) return false
    seen.add(key)
    return true
  })
}
