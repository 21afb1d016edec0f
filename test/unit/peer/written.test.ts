/** What a person writes into a job file or a flag reaches the task as it was written. */
import { expect } from 'chai'
import { overridesOf } from '../../../src/cli/run/overrides.ts'
import type { RunFlags } from '../../../src/cli/routes/jobs.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { thrown } from '../../support/failures.ts'

/** Plain scalars that a YAML parser takes for numbers, flags, dates or nothing. */
const SPELLINGS = [
  ...['0o14', '0x1F', '1_000', '1e3', '1E3', '007', '+5', '-0', '.5', '5.', '1.10', '1.0', '0.1e-7'],
  ...['9007199254740993', '12345678901234567890', '.inf', '-.INF', '.nan', '~'],
  ...['yes', 'no', 'on', 'off', 'True', 'FALSE', 'true', '2026-11-30', '2026-11-30T18:00:00Z', '12:30:45']
]

const withTask = (lines: string): string => `name: a\ntask:\n  module: a.wasm\n${lines}\n`
const argsOf = (text: string): readonly string[] => parseJobFile(text, 'job.yaml').task.args
const flags = (...set: string[]): Record<string, unknown> => overridesOf('/', { set } as unknown as RunFlags)

describe('what is written in a job file', () => {
  for (const spelling of SPELLINGS) {
    it(`${spelling} is the text ${spelling} for the task, in arguments, variables and a gather module's arguments`, () => {
      const job = parseJobFile(
        withTask(`  args: [--n, ${spelling}]\n  env: { A: ${spelling} }`) +
          `gather: { module: m.wasm, args: [${spelling}] }\n`,
        'job.yaml'
      )
      expect(job.task.args).to.deep.equal(['--n', spelling])
      expect(job.task.env).to.deep.equal({ A: spelling })
      expect(job.gather).to.deep.equal({ module: 'm.wasm', args: [spelling] })
      expect(argsOf(withTask(`  args:\n    - ${spelling}`))).to.deep.equal([spelling])
    })

    it(`${spelling} in a flag is the same text`, () => {
      const file = withTask('  args: [old]')
      const set = [
        `task.args=[--n, ${spelling}]`,
        `task.env.A=${spelling}`,
        `gather={ module: m, args: [${spelling}] }`
      ]
      const job = parseJobFile(file, 'job.yaml', flags(...set))
      expect(job.task.args).to.deep.equal(['--n', spelling])
      expect(job.task.env).to.deep.equal({ A: spelling })
      expect(job.gather).to.deep.equal({ module: 'm', args: [spelling] })
      const whole = flags(`task={ module: b.wasm, args: [${spelling}], env: { B: ${spelling} } }`)
      const other = parseJobFile(file, 'job.yaml', whole)
      expect([other.task.args, other.task.env]).to.deep.equal([[spelling], { B: spelling }])
    })
  }

  it('JSON is read the same: numbers keep their digits', () => {
    const text =
      '{"name":"a","task":{"module":"a.wasm","args":[1.10,1e3,true,"007"],"env":{"N":100000000000000000001}}}'
    const { task } = parseJobFile(text, 'job.json')
    expect(task.args).to.deep.equal(['1.10', '1e3', 'true', '007'])
    expect(task.env).to.deep.equal({ N: '100000000000000000001' })
  })

  it('quotes, escapes, folded text, anchors and tags mean what YAML says they mean', () => {
    expect(
      argsOf(withTask(`  args: ["0x1F", '1.10', "a\\tb", !!str 007, !!int "12", &n 0o7, *n]`))
    ).to.deep.equal(['0x1F', '1.10', 'a\tb', '007', '12', '0o7', '0o7'])
    expect(argsOf(withTask('  args:\n    - >\n      one\n      two\n    - |\n      1.10\n'))).to.deep.equal([
      'one two\n',
      '1.10\n'
    ])
    const shared = `name: a\noutputs: &list [a.txt]\ntask: { module: a.wasm, args: *list }\n`
    expect(argsOf(shared)).to.deep.equal(['a.txt'])
    // an older YAML knows more spellings: they are text all the same
    expect(argsOf(`%YAML 1.1\n---\n${withTask('  args: [yes, 1_000, 012, 2026-11-30]')}`)).to.deep.equal([
      ...['yes', '1_000', '012', '2026-11-30']
    ])
  })

  it('names of inputs are text too', () => {
    const text = withTask('') + 'inputs: { 007: a, 1.10: b, 0x1F: c, true: d, 2026-11-30: e }\n'
    const names = Object.keys(parseJobFile(text, 'job.yaml').inputs).sort()
    expect(names).to.deep.equal(['007', '0x1F', '1.10', '2026-11-30', 'true'])
    thrown(() => parseJobFile(withTask('') + 'inputs: { 007: a, 007: b }\n', 'job.yaml'), 'JOB_FILE_INVALID')
  })

  for (const [what, line, col] of [
    ['nothing in a block list', '  args:\n    - a\n    -\n    - b', undefined],
    ['nothing in a variable', '  env:\n    A:\n    B: 1', undefined],
    ['null', '  args: [null]', 10],
    ['Null', '  env: { A: Null }', 13]
  ] as const)
    it(`${what} is not guessed: the message says what to write`, () => {
      const e = thrown(() => parseJobFile(withTask(line), 'job.yaml'), 'JOB_FILE_INVALID')
      expect(e.message).to.contain('""')
      if (col !== undefined) expect(e.data).to.include({ line: 4, col })
    })

  it('the same in a flag', () => {
    for (const set of ['task.args=[null]', 'task.env.A=', 'task.env.A=null'])
      expect(thrown(() => parseJobFile(withTask(''), 'job.yaml', flags(set)), 'USAGE').message).to.contain(
        '""'
      )
  })

  it('a program that sends numbers in its JSON hears when they have lost their spelling', () => {
    const of = (args: unknown) => parseJobFile(withTask(''), 'job.yaml', { 'task.args': args }).task.args
    expect(of([5, -3, true, '1.10'])).to.deep.equal(['5', '-3', 'true', '1.10'])
    for (const n of [1.5, 1e21, 2 ** 53, null, {}]) thrown(() => of([n]), 'USAGE')
  })

  it('a number that no computer number holds is not rounded: amounts and gas are exact, others refused', () => {
    const priced = (max: string) =>
      parseJobFile(withTask('') + `price: { max: ${max} }\n`, 'job.yaml').price.max
    expect(priced('0.123456789012345678')).to.equal(123456789012345678n)
    expect(priced('12345678.000000000000000001')).to.equal(12345678000000000000000001n)
    thrown(() => priced('0.1234567890123456789'), 'JOB_FILE_INVALID')
    expect(priced('1.10')).to.equal(1_100_000_000_000_000_000n)
    const gas = parseJobFile(withTask('') + 'limits: { gas: 1000000000000000001 }\n', 'job.yaml').limits.gas
    expect(gas).to.equal(1_000_000_000_000_000_001n)
    thrown(
      () => parseJobFile(withTask('') + 'count: 1.00000000000000000001\n', 'job.yaml'),
      'JOB_FILE_INVALID'
    )
  })

  it('text that no program can be given is refused: a NUL, half a character', () => {
    for (const bad of ['"a\\0b"', '"\\ud83d"']) {
      const e = thrown(() => parseJobFile(withTask(`  args: [${bad}]`), 'job.yaml'), 'JOB_FILE_INVALID')
      expect(e.message).to.match(/NUL|character/)
    }
    expect(argsOf(withTask('  args: ["\\ud83d\\ude00"]'))).to.deep.equal(['😀'])
  })
})
