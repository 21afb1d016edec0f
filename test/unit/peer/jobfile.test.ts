import { expect } from 'chai'
import { SOURCE_MAX } from '../../../src/peer/jobfile/limits.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import type { ShoalError } from '../../../src/protocol/errors.ts'
import { GOOD, mistakes, placeOf as place } from '../../mistakes/job-files.ts'
import { thrown } from '../../support/failures.ts'

const replaced = (from: string, to: string): string => {
  expect(GOOD, 'the mistake is made in the good file').to.contain(from)
  return GOOD.replace(from, to)
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
      expect(file.split('\n')[Number(e.data['line']) - 1]?.replace(/[\t\0]/g, ' ')).to.equal(line.slice(2))
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
    thrown(() => parseJobFile('#'.repeat(SOURCE_MAX + 1), 'job.yaml'), 'JOB_FILE_INVALID')
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
    for (const open of ['[', '{a: ', '- ']) refused(`name: a\ntask: ${open.repeat(3_000)}`.slice(0))
  })

  it('names of JavaScript’s own are no inputs and no keys', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(refused(replaced('input: text.txt', `input: ${name}`)).message).to.contain('split.input')
      refused(replaced('count: 8', `count: 8\n${name}: { polluted: yes }`))
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    }
  })
})
