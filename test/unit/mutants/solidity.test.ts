/** The operators that plant faults into the contracts, and the list of those that may survive. */
import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { explained } from '../../../scripts/mutate-contracts/explained.ts'
import { applied, changesOf, code, operators } from '../../../scripts/mutate-contracts/operators.ts'
import { shuffled } from '../../../scripts/mutate-contracts/sample.ts'

const folder = path.resolve(import.meta.dirname, '../../../contracts/src')
const sources = readdirSync(folder)
  .filter(name => name.endsWith('.sol'))
  .map(file => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }))

/** What a line becomes, by operator. */
const faults = (line: string): string[] => {
  const text = `contract C {\n    function f() external {\n        ${line}\n    }\n}\n`
  return changesOf(text).map(c =>
    `${c.operator}: ${(applied(text, c).split('\n')[2] ?? '').replace(/\s+/g, ' ').trim()}`.trim()
  )
}

describe('faults for the contracts', () => {
  it('change relations at their edge and wholly, sums, logic, numbers, parties', () => {
    expect(faults('x = a.price + 5;')).to.have.members([
      'removed:',
      'party: x = a.bond + 5;',
      'arithmetic: x = a.price - 5;',
      'constant: x = a.price + 6;',
      'constant: x = a.price + 4;'
    ])
    expect(faults('bool b = y < z && w == 0;')).to.have.members([
      'relation: bool b = y <= z && w == 0;',
      'relation: bool b = y >= z && w == 0;',
      'logic: bool b = y < z || w == 0;',
      'relation: bool b = y < z && w != 0;',
      'constant: bool b = y < z && w == 1;'
    ])
  })

  it('drop refusals, negate conditions, take statements away; what people are told is left alone', () => {
    expect(faults('if (!ok(a.price + 1)) revert Bad(a.price + 1);')).to.have.members([
      'refusal:',
      'negated: if (!(!ok(a.price + 1))) revert Bad(a.price + 1);',
      'party: if (!ok(a.bond + 1)) revert Bad(a.price + 1);',
      'arithmetic: if (!ok(a.price - 1)) revert Bad(a.price + 1);',
      'constant: if (!ok(a.price + 2)) revert Bad(a.price + 1);',
      'constant: if (!ok(a.price + 0)) revert Bad(a.price + 1);'
    ])
    expect(faults('emit Paid(a.price + 1); // x = a.price + 1;')).to.deep.equal([])
    expect(faults('pay(x);')).to.deep.equal(['removed:'])
    expect(faults('return 7;')).to.have.members(['removed:', 'constant: return 8;', 'constant: return 6;'])
  })

  it('stand in every contract, each change is one, and comments and texts keep their places', () => {
    const seen = new Set<string>()
    for (const { file, text } of sources) {
      expect(code(text).length, file).to.equal(text.length)
      for (const c of changesOf(text)) {
        expect(text.slice(c.at, c.at + c.text.length), file).to.equal(c.text)
        expect(applied(text, c), `${file} ${c.text}`).to.not.equal(text)
        seen.add(c.operator)
      }
    }
    expect([...seen]).to.have.members([...operators])
  })

  it('come in an order that their seed decides', () => {
    const list = Array.from({ length: 50 }, (_, i) => i)
    expect(shuffled(list, 7)).to.deep.equal(shuffled(list, 7))
    expect(shuffled(list, 7)).to.not.deep.equal(shuffled(list, 8))
    expect(shuffled(list, 7)).to.have.members(list)
  })

  it('that may survive are faults of the sources as they are, each once and with its reason', () => {
    const keys = explained.map(e => [e.file, e.source, e.text, e.by].join(' | '))
    expect(new Set(keys).size).to.equal(keys.length)
    for (const e of explained) {
      const { text } = sources.find(s => s.file === e.file) ?? { text: '' }
      const found = changesOf(text).some(c => {
        const line = text.slice(0, c.at).split('\n').length
        return text.split('\n')[line - 1]?.trim() === e.source && c.text === e.text && c.by === e.by
      })
      expect(found, `${e.file}: ${e.source}: ${e.text} -> ${e.by}`).to.equal(true)
      expect(e.why.length).to.be.greaterThan(20)
    }
  })
})
