import { expect } from 'chai'
import { parseJobFile, JOB_FILE_MAX } from '../../../src/peer/jobfile/parse.ts'
import type { ShoalError } from '../../../src/protocol/errors.ts'
import { thrown } from '../../support/failures.ts'

const GOOD = `name: wordcount
task:
  engine: wasm
  module: wordcount.wasm
  args: ["--top", 100]
  env: { LANG: C }
inputs: { text.txt: ./book.txt }
split: { input: text.txt, by: lines }
outputs: ["counts.tsv"]
count: 8
gather: { module: merge.wasm }
resources: { cpu: 1, memory: 128MiB, disk: 64MiB, gpu: none, class: general }
limits: { gas: 20e9, wall: 2m, log: 1MiB, output: 64MiB }
price: { max: "0.50", settle: auto }
match: { rule: best-value/1, window: 2s, bids: 8, region: any, energy: any }
verify: { tier: replicas, copies: 2 }
retries: 2
deadline: 10m
`
const replaced = (from: string, to: string): string => {
  expect(GOOD, 'the mistake is made in the good file').to.contain(from)
  return GOOD.replace(from, to)
}
/** The line and column (from 1) at which `text` stands. */
function place(file: string, text: string): string {
  const before = file.slice(0, file.indexOf(text)).split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

function refused(file: string): ShoalError {
  const e = thrown(() => parseJobFile(file, 'job.yaml'), 'JOB_FILE_INVALID')
  expect(e.message).to.match(/^job\.yaml:\d+:\d+ /)
  expect(e.message, 'no stack, no internals').not.to.match(
    /\bat .*\.(ts|js):|node_modules|ZodError|\[object Object\]|undefined/
  )
  return e
}

describe('job files', () => {
  it('the example of the design is read with exact numbers', () => {
    const job = parseJobFile(GOOD, 'job.yaml')
    expect(job.task.args).to.deep.equal(['--top', '100'])
    expect(job.limits).to.deep.equal({ gas: 20_000_000_000n, wall: 120_000, log: 2 ** 20, output: 2 ** 26 })
    expect(job.resources.memory).to.equal(2 ** 27)
    expect(job.price.max).to.equal(500_000_000_000_000_000n)
    expect(job.deadline).to.equal(600_000)
  })

  it('a name and a module are enough; JSON is as good as YAML', () => {
    const job = parseJobFile('{"name":"a","task":{"module":"a.wasm"}}', 'job.json')
    expect(job.count).to.equal(1)
    expect(job.verify).to.deep.equal({ tier: 'none', copies: 2 })
    expect(job.retries).to.equal(3)
  })

  it('a price written as a number is exact too', () => {
    expect(parseJobFile(replaced('"0.50"', '0.1'), 'job.yaml').price.max).to.equal(10n ** 17n)
  })

  it('flags win over the file, and a wrong flag is not blamed on the file', () => {
    const job = parseJobFile(GOOD, 'job.yaml', { 'price.max': '2', count: 3, inputs: { 'more.txt': 'b' } })
    expect(job.price.max).to.equal(2n * 10n ** 18n)
    expect(job.count).to.equal(3)
    expect(Object.keys(job.inputs)).to.deep.equal(['text.txt', 'more.txt'])
    const e = thrown(() => parseJobFile(GOOD, 'job.yaml', { 'price.max': 'much' }), 'USAGE')
    expect(e.message).to.contain('price.max')
    expect(e.next).to.contain('price.max')
  })

  /** what is replaced, by what, where the caret stands (text in the broken file), what the message must say. */
  const mistakes: readonly (readonly [string, string, string, ...string[]])[] = [
    ['name: wordcount', 'nmae: wordcount', 'nmae', "unknown key 'nmae'", "did you mean 'name'?"],
    ['deadline: 10m', 'dedline: 10m', 'dedline', "did you mean 'deadline'?"],
    ['memory: 128MiB', 'memroy: 128MiB', 'memroy', 'resources', "did you mean 'memory'?"],
    ['copies: 2', 'copie: 2', 'copie', 'verify', "did you mean 'copies'?"],
    ['count: 8', 'count: 8\nfoo_bar_baz_qux: 1', 'foo_bar', 'known keys', 'deadline'],
    ['name: wordcount', 'name: word count', 'word count', 'name', 'letters, digits'],
    ['name: wordcount', 'name: ../../etc', '../../etc', 'name', 'letters, digits'],
    ['name: wordcount', 'name: [a]', '[a]', 'name', 'expected string'],
    ['engine: wasm', 'engine: python', 'python', 'task.engine', 'wasm'],
    ['  module: wordcount.wasm\n', '', 'engine: wasm', 'task.module', 'is missing'],
    ['module: wordcount.wasm', 'module: 5', '5', 'task.module', 'expected string'],
    ['module: wordcount.wasm', 'module: ""', '""', 'task.module'],
    ['args: ["--top", 100]', 'args: --top', '--top', 'task.args', 'expected array'],
    ['args: ["--top", 100]', 'args: [{ a: 1 }]', '{ a: 1 }', 'task.args.0'],
    ['env: { LANG: C }', 'env: { "1A": C }', '"1A"', 'task.env', 'a variable name'],
    ['env: { LANG: C }', 'env: [LANG]', '[LANG]', 'task.env'],
    [
      '{ text.txt: ./book.txt }',
      '{ ../text.txt: ./book.txt }',
      '../text.txt',
      'inputs',
      "relative path without '..'"
    ],
    ['{ text.txt: ./book.txt }', '{ text.txt: 5 }', '5 }', 'inputs.text.txt', 'expected string'],
    ['input: text.txt', 'input: other.txt', 'other.txt', 'split.input', 'text.txt'],
    ['by: lines', 'by: words', 'words', 'split.by', 'lines, bytes, files'],
    ['outputs: ["counts.tsv"]', 'outputs: ["/etc/passwd"]', '"/etc/passwd"', 'outputs.0', "without '..'"],
    ['count: 8', 'count: 0', '0\n', 'count', '1'],
    ['count: 8', 'count: 2.5', '2.5', 'count', 'int'],
    ['count: 8', 'count: 1025', '1025', 'count', '1024'],
    ['count: 8', 'count: "8"', '"8"', 'count', 'expected number'],
    ['gather: { module: merge.wasm }', 'gather: concatenate', 'concatenate', 'gather', 'concat'],
    ['cpu: 1', 'cpu: -1', '-1', 'resources.cpu'],
    ['memory: 128MiB', 'memory: 128 megs', '128 megs', 'resources.memory', 'such as 16GiB'],
    ['gpu: none', 'gpu: any', 'any, class', 'resources.gpu', 'sells no GPUs yet'],
    ['class: general', 'class: huge', 'huge', 'resources.class', 'general, high-end, storage'],
    ['gas: 20e9', 'gas: lots', 'lots', 'limits.gas', 'such as 20e9'],
    ['gas: 20e9', 'gas: [1]', '[1]', 'limits.gas', 'string', 'number'],
    ['wall: 2m', 'wall: 2', '2, log', 'limits.wall', 'string'],
    ['wall: 2m', 'wall: soon', 'soon', 'limits.wall', '1h30m'],
    ['max: "0.50"', 'max: "-1"', '"-1"', 'price.max', 'no amount'],
    ['max: "0.50"', 'max: 1e30', '1e30', 'price.max'],
    ['settle: auto', 'settle: later', 'later', 'price.settle', 'auto, escrow'],
    ['rule: best-value/1', 'rule: cheapest', 'cheapest', 'match.rule', 'best-value/1'],
    ['bids: 8', 'bids: 100', '100, region', 'match.bids', '64'],
    ['tier: replicas', 'tier: jury', 'jury', 'verify.tier', 'none, replicas'],
    ['copies: 2', 'copies: 8', '8 }\nretries', 'verify.copies', '7'],
    ['retries: 2', 'retries: many', 'many', 'retries', 'expected number'],
    ['deadline: 10m', 'deadline: 1m', '1m\n', 'deadline', 'longer than limits.wall'],
    ['count: 8', 'count: 8\ncount: 9', 'count: 9', 'unique'],
    ['  engine: wasm', '\tengine: wasm', '\tengine', 'ab'],
    ['outputs: ["counts.tsv"]', 'outputs: ["counts.tsv"', 'count: 8'],
    ['name: wordcount', 'name: *nobody', '*nobody', 'nobody']
  ]
  for (const [from, to, caret, ...says] of mistakes) {
    it(`${JSON.stringify(to)}: the message shows the place and what to do`, () => {
      const file = replaced(from, to)
      const e = refused(file)
      for (const text of says) expect(e.message).to.contain(text)
      expect(e.message.split(' ')[0]).to.equal(`job.yaml:${place(file, caret)}`)
      // the caret stands under the place, in the line as it was written
      const [, line = '', pointer = ''] = e.message.split('\n').slice(-3)
      const column = Number(e.data['col'])
      expect(pointer.indexOf('^')).to.equal(column + 1)
      expect(file.split('\n')[Number(e.data['line']) - 1]?.replaceAll('\t', ' ')).to.equal(line.slice(2))
      expect(e.next).to.contain('shoal validate job.yaml')
    })
  }

  it('a value of another type is not called missing, and a misspelt key inside gather is named', () => {
    expect(refused(replaced('count: 8', 'count: "8"')).message).not.to.contain('missing')
    const e = refused(replaced('{ module: merge.wasm }', '{ modul: merge.wasm }'))
    expect(e.message).to.contain("gather: unknown key 'modul'; did you mean 'module'?")
  })

  it('what is no mapping at all is refused', () => {
    for (const text of ['', '5', '[]', '- a', 'null', '"name"', '# nothing'])
      expect(refused(text).message).to.contain('mapping of keys')
  })

  it('a file larger than any job file is refused unread', () => {
    thrown(() => parseJobFile('#'.repeat(JOB_FILE_MAX + 1), 'job.yaml'), 'JOB_FILE_INVALID')
  })

  it('an alias bomb is refused', () => {
    const levels = 'bcdefghij'
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (const [i, c] of [...levels].entries()) {
      const before = '*' + (levels[i - 1] ?? 'a')
      bomb.push(`${c}: &${c} [${Array.from({ length: 9 }, () => before).join(', ')}]`)
    }
    refused(bomb.join('\n'))
  })

  it('nesting that would exhaust the stack is refused, not a crash', () => {
    for (const open of ['[', '{a: ', '- '])
      refused(`name: a\ntask: ${open.repeat(3_000)}`.slice(0, JOB_FILE_MAX))
  })

  it('names of JavaScript’s own are no inputs and no keys', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(refused(replaced('input: text.txt', `input: ${name}`)).message).to.contain('split.input')
      refused(replaced('count: 8', `count: 8\n${name}: { polluted: yes }`))
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    }
  })
})
