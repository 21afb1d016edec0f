/** A fair sample of all crash points (`npm run test:crash` runs more), and a planted fault that must be found. */
import { expect } from 'chai'
import { pointsOf, sides, spread, type Point } from '../../crash/points.ts'
import { Stage } from '../../crash/scenario.ts'
import { seededRandom } from '../../support/sim/random.ts'

const SAMPLE = 16
const SEED = 5

describe('crash points', function () {
  this.timeout(120_000)
  let stage: Stage
  let points: Point[]

  before(async () => {
    stage = await Stage.open()
    const { calls, outcome } = await stage.record()
    expect(outcome.problems, outcome.lines.slice(-40).join('\n')).to.deep.equal([])
    points = sides.flatMap(side => pointsOf(side, calls[side]))
  })
  after(async () => await stage?.close())

  it('without a fault: two shards, one hand-over from a checkpoint, one refund', async () => {
    const { outcome } = await stage.record()
    expect(outcome.summary).to.match(/0\/1 settled, 1\/1 refunded LEASE_MISSED, 1\/2 settled/)
    expect(points.length).to.be.greaterThan(1_000)
  })

  it(`${SAMPLE} of all points end right: nothing lost, nothing stuck, nothing half written, ready again`, async () => {
    for (const point of spread(points, seededRandom(SEED).fraction).slice(0, SAMPLE)) {
      const outcome = await stage.run(point)
      expect(outcome.problems, `${JSON.stringify(point)} ${outcome.hit}`).to.deep.equal([])
      expect(outcome.readyMs, 'ready again').to.be.below(5_000)
    }
  })

  it('finds a peer that acts before its journal knows of it', async () => {
    const problems: string[] = []
    for (const n of [2, 3]) {
      const point: Point = { side: 'requester', port: 'transactions', n, mode: 'after' }
      expect((await stage.run(point)).problems, 'without the fault').to.deep.equal([])
      problems.push(...(await stage.run(point, true)).problems)
    }
    expect(problems.join('; ')).to.match(/opened, but its requester does not know it/)
  })
})
