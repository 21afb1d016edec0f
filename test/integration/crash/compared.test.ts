/** Results that must be compared before anybody is paid: the requester dies, or its disk fails, while it does that. */
import { expect } from 'chai'
import { compareOnStage, results } from '../../crash/compared.ts'
import { nameOf, pointsOf, spread, type Call, type Point } from '../../crash/points.ts'
import { Theatre } from '../../crash/theatre.ts'
import { seededRandom } from '../../support/sim/random.ts'

/** All of them with SHOAL_COMPARED=all. */
const SAMPLE = process.env['SHOAL_COMPARED'] === 'all' ? Infinity : 16
const RULES = [{ by: 'tolerance' }, { by: 'quantised', step: 1e-3 }]

/** From the first result on the disk to the folder with the one that stands. */
function whileComparing(calls: readonly Call[]): Point[] {
  const from = calls.findIndex(c => /^write .*\.bundle/.test(c.what))
  const to = calls.findIndex(c => /^rename/.test(c.what) && c.what.includes('out'))
  const window = calls.slice(from, to + 1).filter(c => c.port === 'files' || /exec|work|job/.test(c.what))
  return pointsOf('requester', window)
}

describe('a requester that dies while it compares results', function () {
  this.timeout(400_000)
  let theatre: Theatre
  before(async () => (theatre = await Theatre.open()))
  after(async () => await theatre?.close())

  for (const rule of RULES)
    it(`by ${rule.by}: both copies are paid, and one result is kept whole`, async () => {
      const whole = await compareOnStage(theatre, rule)
      expect(whole.verdict.problems, whole.lines.slice(-30).join('\n')).to.deep.equal([])
      const points = whileComparing(whole.calls)
      expect(points.length).to.be.greaterThan(60)
      let met = 0
      for (const point of spread(points, seededRandom(3).fraction).slice(0, SAMPLE)) {
        const { verdict, lines, hit } = await compareOnStage(theatre, rule, point)
        const story = `${nameOf(point)} ${hit}\n${lines.slice(-30).join('\n')}`
        expect(verdict.problems, story).to.deep.equal([])
        expect(verdict.summary, story).to.equal('0/1 settled, 0/1 settled')
        expect(results.includes(verdict.results), story).to.equal(true)
        if (hit !== undefined) met++
      }
      console.log(`      ${met} of ${points.length} points met`)
    })
})
