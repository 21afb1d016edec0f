import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { mutants } from '../../mutants/list/index.ts'
import { planted, textOf } from '../../mutants/mutant.ts'
import { firstFailure } from '../../mutants/run-suite.ts'

const ROOT = join(import.meta.dirname, '../../..')

describe('the list of deliberate bugs', () => {
  it('has at least 40, each under a name of its own', () => {
    expect(mutants.length).to.be.at.least(40)
    expect(new Set(mutants.map(m => m.id)).size).to.equal(mutants.length)
  })

  it('keeps up with the code: every text to replace stands exactly once, and what comes out is still a program', () => {
    for (const m of mutants) {
      const text = planted(m, textOf(ROOT, m))
      if (m.file.endsWith('.ts')) stripTypeScriptTypes(text)
    }
  })

  it('names test files that exist, and every bug names at least one', () => {
    for (const m of mutants) {
      expect(m.tests, m.id).not.to.deep.equal([])
      for (const file of m.tests) expect(existsSync(join(ROOT, file)), `${m.id}: ${file}`).to.equal(true)
    }
  })

  it('a text that is gone, or stands twice, is an error with the mutant’s name', () => {
    const m = { id: 'x', file: 'f.ts', find: 'a', replace: 'b', means: '', tests: [] }
    expect(planted(m, 'cat')).to.equal('cbt')
    expect(() => planted(m, 'dog')).to.throw('mutant x: the text to replace occurs 0 times in f.ts')
    expect(() => planted(m, 'banana')).to.throw('occurs 3 times')
    expect(planted({ ...m, replace: '$&$1' }, 'cat')).to.equal('c$&$1t')
  })
})

describe('what mocha says of a failure', () => {
  it('is read from its closing section: all titles, and the first lines of the error', () => {
    const text =
      '\n  1 passing (2ms)\n  1 failing\n\n  1) a room\n       a case:\n\n      AssertionError: expected 1n\n      + expected - actual\n\n      at f.ts:1:2\n'
    expect(firstFailure(text)).to.deep.equal({
      test: 'a room a case',
      why: 'AssertionError: expected 1n + expected - actual'
    })
    const property =
      '  1 failing\n\n  1) a room\n       a case:\n     Error: Property failed\n\n      at f.ts\n'
    expect(firstFailure(property)).to.deep.equal({ test: 'a room a case', why: 'Error: Property failed' })
    expect(firstFailure('\n  3 passing (2ms)\n')).to.equal(undefined)
  })
})
