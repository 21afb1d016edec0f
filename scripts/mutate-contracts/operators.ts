/** Small changes of Solidity text, each a fault that a test should notice. Pure: text in, changes out. */

/** `text` at `at` of the file becomes `by`. */
export interface Change {
  readonly operator: Operator
  readonly at: number
  readonly text: string
  readonly by: string
}
export const operators = [
  'relation',
  'arithmetic',
  'logic',
  'negated',
  'removed',
  'constant',
  'refusal',
  'party',
  'modifier'
] as const
export type Operator = (typeof operators)[number]

const blank = (s: string): string => s.replace(/[^\n]/g, ' ')

/** The same text with comments, strings and what holds no decisions blanked: places stay the same. Facts of events and errors are for people. */
export function code(text: string): string {
  return text
    .replace(/\/\/[^\n]*|\/\*[^]*?\*\//g, blank)
    .replace(/"(?:[^"\\\n]|\\.)*"/g, blank)
    .replace(/^(?:pragma|import)[^;]*;/gm, blank)
    .replace(/^ *(?:using|error|event)\b[^;]*;/gm, blank)
    .replace(/\bemit [^;]*;/g, blank)
    .replace(/\bstruct \w+ \{[^}]*\}/g, blank)
    .replace(/(\brevert [\w.]+\()([^;]*)(\);)/g, (_, a: string, b: string, c: string) => a + blank(b) + c)
}

/** By regular expression: each match of its first group (or all) is replaced by each of `to`. */
function* replaced(
  source: string,
  operator: Operator,
  pattern: RegExp,
  to: (found: string) => readonly string[]
): Generator<Change> {
  for (const m of source.matchAll(pattern)) {
    const found = m[1] ?? m[0]
    const at = m.index + m[0].indexOf(found)
    for (const by of to(found)) yield { operator, at, text: found, by }
  }
}

const RELATIONS: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['==']
}
const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '+=': ['-='],
  '-=': ['+=']
}
const PARTIES: Readonly<Record<string, readonly string[]>> = {
  'a.requester': ['a.provider'],
  'a.provider': ['a.requester'],
  'a.beneficiary': ['a.requester'],
  'a.arbiter': ['a.requester'],
  'a.price': ['a.bond'],
  'a.bond': ['a.price'],
  'a.openBy': ['a.deliverBy'],
  'a.deliverBy': ['a.openBy'],
  'a.challengeWindow': ['a.arbitrationWindow'],
  'a.arbitrationWindow': ['a.challengeWindow'],
  'e.deliveredAt': ['e.disputedAt'],
  'e.disputedAt': ['e.deliveredAt']
}
const other = (table: Readonly<Record<string, readonly string[]>>) => (found: string) => table[found] ?? []

/** One more, one less: never below zero. */
function neighbours(literal: string): string[] {
  const hex = literal.startsWith('0x')
  const value = BigInt(literal.replaceAll('_', ''))
  const show = (n: bigint): string => (hex ? `0x${n.toString(16).padStart(literal.length - 2, '0')}` : `${n}`)
  return value === 0n ? [show(1n)] : [show(value + 1n), show(value - 1n)]
}

/** The end of the bracket that opens at `from`. */
function closing(source: string, from: number): number {
  let depth = 0
  for (let i = from; i < source.length; i++) {
    if (source[i] === '(') depth++
    if (source[i] === ')' && --depth === 0) return i
  }
  return source.length
}

function* conditions(source: string): Generator<Change> {
  for (const m of source.matchAll(/\bif \(/g)) {
    const from = m.index + m[0].length - 1
    const to = closing(source, from)
    const text = source.slice(from, to + 1)
    // one relation alone is negated as a relation
    if (/&&|\|\|/.test(text) || !/ (?:[<>]=?|[!=]=) /.test(text))
      yield { operator: 'negated', at: from, text, by: `(!${text})` }
    // the whole refusal: `if (...) revert X(...);`, with or without a block around it
    const rest = /^\s*(?:revert\b[^;]*;|\{\s*revert\b[^;]*;\s*\})/.exec(source.slice(to + 1))
    if (rest !== null) {
      const all = source.slice(m.index, to + 1 + rest[0].length)
      yield { operator: 'refusal', at: m.index, text: all, by: blank(all) }
    }
  }
}

/** Statements that can go without breaking the syntax: assignments, calls, returns. Declarations stay, since nothing would compile. */
const STATEMENT =
  /(?<=[;{}]\s*)((?:return\b[^;{}]*|(?!(?:return|if|else|for|revert|emit|error|event|mapping|constructor|function|modifier|using|pragma|import|contract|library|interface|struct|let|assembly|uint\w*|int\w*|bytes\w*|bool|address|string|[A-Z]\w*)\b)\(?[a-z_]\w*[^;{}=]*(?:=[^;{}]*)?);)/g

/** All changes of one file, in the order of their places. */
export function changesOf(text: string): Change[] {
  const source = code(text)
  const all = [
    ...replaced(source, 'relation', /(?<=[\w)\]] )(<=|>=|==|!=|<|>)(?= [\w(!-])/g, other(RELATIONS)),
    ...replaced(source, 'arithmetic', /(?<=[\w)\]] )(\+=|-=|\+|-|\*|\/)(?= [\w(])/g, other(ARITHMETIC)),
    ...replaced(source, 'logic', /&&|\|\|/g, found => [found === '&&' ? '||' : '&&']),
    ...replaced(source, 'constant', /(?<![\w.])(0x[0-9a-f]{1,8}|\d[\d_]*)(?![\w.])/g, neighbours),
    ...replaced(source, 'party', /\b[ae]\.[a-zA-Z]+\b/g, other(PARTIES)),
    ...replaced(source, 'modifier', /(?<=\) external )(nonReentrant|only\(\w+\))/g, () => ['']),
    ...replaced(source, 'modifier', /(?<=external\n\s+)(nonReentrant)(?=\n)/g, () => ['']),
    ...replaced(source, 'removed', STATEMENT, () => ['']),
    ...conditions(source)
  ]
  return all
    .map(c => ({ ...c, text: text.slice(c.at, c.at + c.text.length) }))
    .sort((a, b) => a.at - b.at || operators.indexOf(a.operator) - operators.indexOf(b.operator))
}

export const applied = (text: string, c: Change): string =>
  text.slice(0, c.at) + c.by + text.slice(c.at + c.text.length)
