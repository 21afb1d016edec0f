import { expect } from 'chai'
import { aims, faultsOf, p95, slowed, type Row } from '../../hostile/judge.ts'
import { attacks } from '../../hostile/attacks/index.ts'
import { attacks as apiAttacks } from '../../local-api/attacks.ts'
import { refused } from '../../local-api/attack.ts'

const good: Row = {
  attack: { name: 'x', expect: 'cut off', rate: '1/s' },
  outcome: { name: 'x', sent: 10, cutAfter: 500, how: 'closed' },
  quietP95: 10,
  attackP95: 12,
  ok: 100,
  failed: 0,
  rss: { before: 200, peak: 210, after: 205 },
  poisoned: []
}
const of = (changes: Partial<Row>): string => faultsOf({ ...good, ...changes }).join('; ')

describe('the judge of attacks', () => {
  it('finds no fault in a peer that held', () => {
    expect(faultsOf(good)).to.deep.equal([])
    expect(slowed(good)).to.equal(false)
  })

  it('sees a planted weakness of each kind', () => {
    const { outcome, rss } = good
    expect(of({ outcome: { ...outcome, cutAfter: undefined } })).to.contain('not cut off')
    expect(of({ outcome: { ...outcome, cutAfter: aims.cutMs + 1 } })).to.contain('cut off after')
    expect(of({ rss: { ...rss, peak: rss.before + aims.growthMiB + 1 } })).to.contain('memory grew')
    expect(of({ rss: { before: 200, peak: 0, after: 0 } })).to.contain('gone')
    expect(of({ failed: 5 })).to.contain('5 of 105 honest')
    expect(of({ ok: 0 })).to.contain('honest')
    expect(of({ poisoned: ['a lie'] })).to.equal('a lie')
    expect(slowed({ ...good, attackP95: good.quietP95 * (aims.ratio + 0.01) })).to.equal(true)
    expect(slowed({ ...good, attackP95: NaN })).to.equal(true)
  })

  it('takes no attack for held that never struck or broke', () => {
    expect(of({ outcome: { ...good.outcome, sent: 0 } })).to.contain('nothing hostile')
    expect(of({ outcome: { ...good.outcome, error: 'oh' } })).to.contain('broke')
  })

  it('an attack without effect need not be cut off', () => {
    const attack = { ...good.attack, expect: 'no effect' as const }
    expect(of({ attack, outcome: { ...good.outcome, cutAfter: undefined } })).to.equal('')
  })

  it('takes the value below which 95 of 100 lie', () => {
    expect(p95(Array.from({ length: 100 }, (_, i) => i + 1))).to.equal(95)
    expect(p95([])).to.be.NaN
  })

  it('an answer of the API that is no refusal is a success of the attacker', () => {
    const answer = { text: '', ms: 1, closed: true }
    expect(refused({ ...answer, status: 200 }).success).to.be.a('string')
    expect(refused({ ...answer, status: 0, closed: false }).success).to.be.a('string')
    expect(refused({ ...answer, status: 403 }).success).to.equal(undefined)
  })

  it('there are as many attacks as promised, each with a name of its own', () => {
    expect(new Set(attacks.map(a => a.name)).size)
      .to.equal(attacks.length)
      .and.to.be.at.least(25)
    expect(new Set(apiAttacks.map(a => a.name)).size)
      .to.equal(apiAttacks.length)
      .and.to.be.at.least(30)
  })
})
