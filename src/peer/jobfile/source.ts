/** A YAML or JSON file as a person wrote it: its tree, the place of every key, and errors that show the line and a caret. */
import {
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type Document
} from 'yaml'
import { ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import { SOURCE_MAX } from './limits.ts'
import { keepSpelling } from './written.ts'

/** Lists and mappings inside one another; the schemas know four. Deeper ones cost the YAML parser time that grows without bound. */
const DEPTH_MAX = 32
/** Keys of one file: with more, finding the nearest known key is the attack. */
const KEYS_MAX = 4_096
/** Characters of a line that are shown around the caret. */
const SHOWN = 160

export interface Place {
  /** Both from 1. */
  readonly line: number
  readonly col: number
}

export type Tree = { [key: string]: unknown }

export interface Source {
  readonly tree: Tree
  /** Of the node at a path, or of its nearest parent that is there; of a key below the path when `key` is given. */
  place(path: readonly PropertyKey[], key?: string): Place
  /** True when the file itself says something at this path. */
  has(path: readonly PropertyKey[]): boolean
  fail(place: Place, message: string): never
}

export interface SourceOptions {
  readonly path: string
  readonly code: ErrorCode & ('JOB_FILE_INVALID' | 'CONFIG_INVALID')
  /** What the file should be, for one that is no mapping: `a job file is ...`. */
  readonly expected: string
  /** What to do, for an error in this line. */
  readonly next: (line: number) => string
  /** Makes another tree of a document's: what its values mean in this kind of file. */
  readonly shape?: (document: Document, tree: unknown) => unknown
}

/** The line around the column, and a caret below it. Tabs and control characters take one column each. */
function excerpt(text: string, { line, col }: Place): string {
  const whole = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '').replace(/[\u0000-\u001f]/g, ' ')
  const from = col <= SHOWN ? 0 : col - SHOWN / 2
  const shown = whole.slice(from, from + SHOWN)
  const before = from > 0 ? '…' : ''
  return `  ${before}${shown}\n  ${' '.repeat(Math.max(0, col - 1 - from) + before.length)}^`
}

/** Where nesting goes too deep, by a scan that costs the same for every character. */
function tooDeep(text: string): number | undefined {
  let offset = 0
  let flow = 0
  let inLine = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '-' || token === '?' || token === ':') inLine++
    else if (token.includes('\n')) inLine = 0
    if (flow > DEPTH_MAX || (flow === 0 && inLine > DEPTH_MAX)) return offset
    // the lexer's own marks stand for no character of the text
    if (token !== '\u0002' && token !== '\u0018' && token !== '\u001f') offset += token.length
  }
  return undefined
}

/** The parser's errors in words that say what to write. */
const WORDS: Readonly<Record<string, string>> = {
  MULTILINE_IMPLICIT_KEY: "expected 'key: value' here, with a space after the colon",
  MULTIPLE_DOCS: "a file is one document: remove everything from this '---' on",
  TAB_AS_INDENT: 'indent with spaces: YAML takes no tabs',
  BLOCK_AS_IMPLICIT_KEY: "a value with ': ' in it needs quotes, or this line is indented wrongly",
  BAD_SCALAR_START: 'a value that begins with this character needs quotes'
}

interface Trouble {
  readonly offset: number
  readonly message: string
}

/** What the parser lets through and we do not: duplicate keys (its own check is quadratic), keys that are lists, too much of either. */
function trouble(document: Document.Parsed): Trouble | undefined {
  let found: Trouble | undefined
  let keys = 0
  const say = (offset: number | undefined, message: string) => {
    found = { offset: offset ?? 0, message }
    return visit.BREAK
  }
  visit(document, {
    Node: (_, node, ancestors) =>
      ancestors.length > 2 * DEPTH_MAX
        ? say(node.range?.[0], `lists and mappings nest at most ${DEPTH_MAX} deep`)
        : undefined,
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const at = isNode(key) ? (key.range?.[0] ?? undefined) : undefined
        if (++keys > KEYS_MAX) return say(at, `a file has at most ${KEYS_MAX} keys`)
        if (isScalar(key) && typeof key.value === 'object' && key.value !== null)
          return say(at, 'a key is plain text')
        if (!isScalar(key)) return say(at, 'a key is plain text, no list, mapping or alias')
        const name = String(key.value)
        if (seen.has(name)) return say(at, `Map keys must be unique: '${name.slice(0, 64)}' is there twice`)
        seen.add(name)
      }
      return undefined
    }
  })
  return found
}

/** Where an alias without an anchor stands, or the beginning. */
function unresolvedAlias(document: Document): number {
  let offset = 0
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) !== undefined) return undefined
      offset = node.range?.[0] ?? 0
      return visit.BREAK
    }
  })
  return offset
}

/** The offset of the node at a path, or of the nearest parent that exists; of a key when `key` is given. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  if (key !== undefined) {
    const parent = path.length === 0 ? document.contents : document.getIn(path, true)
    const pair = isMap(parent)
      ? parent.items.find(i => isPair(i) && isScalar(i.key) && String(i.key.value) === key)
      : undefined
    if (pair !== undefined && isNode(pair.key) && pair.key.range != null) return pair.key.range[0]
  }
  for (let n = path.length; n > 0; n--) {
    const node = document.getIn(path.slice(0, n), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return isNode(document.contents) && document.contents.range != null ? document.contents.range[0] : 0
}

/** Nothing but comments: for settings, all defaults. */
export const isBlank = (text: string): boolean =>
  text.split('\n').every(line => line.trim() === '' || line.trimStart().startsWith('#'))

/** The first character that no text has: a NUL, or bytes that are not UTF-8. */
const notText = (text: string): number => text.search(/[\u0000\ufffd]/)

/** Reads a file's text. Every refusal is of `options.code` and shows its place; none takes longer than the text is long. */
export function readSource(text: string, options: SourceOptions): Source {
  const { path, code } = options
  if (text.length > SOURCE_MAX)
    throw new ShoalError(code, `${path} is larger than ${SOURCE_MAX} characters`, {
      next: 'Put data into input files.'
    })
  const lines = new LineCounter()
  const fail = (place: Place, message: string): never => {
    throw new ShoalError(code, `${path}:${place.line}:${place.col} ${message}\n${excerpt(text, place)}`, {
      data: { path, ...place },
      next: options.next(place.line)
    })
  }
  const at = (offset: number): Place => {
    // what is missing at the end is missing after the last thing written, not below it
    const before = text.slice(0, Math.min(offset, text.trimEnd().length)).split('\n')
    return { line: before.length, col: (before.at(-1)?.length ?? 0) + 1 }
  }
  const binary = notText(text)
  if (binary >= 0) fail(at(binary), 'this is not text: write the file as UTF-8')
  const deep = tooDeep(text)
  if (deep !== undefined) fail(at(deep), `lists and mappings nest at most ${DEPTH_MAX} deep`)
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error'
  })
  const broken = document.errors[0]
  if (broken !== undefined) fail(at(broken.pos[0]), WORDS[broken.code] ?? broken.message.split('\n')[0] ?? '')
  keepSpelling(document)
  const wrong = trouble(document)
  if (wrong !== undefined) fail(at(wrong.offset), wrong.message)
  let tree: unknown
  try {
    tree = document.toJS({ maxAliasCount: 16 })
    if (options.shape !== undefined) tree = options.shape(document, tree)
  } catch (e) {
    fail(at(unresolvedAlias(document)), (e as Error).message)
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    fail({ line: 1, col: 1 }, options.expected)
  return {
    tree: tree as Tree,
    place: (p, key) => at(offsetOf(document, p, key)),
    has: p => p.length > 0 && document.hasIn(p),
    fail
  }
}
