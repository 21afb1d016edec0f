/** A fair sample of all crash points (`npm run test:crash` runs more), and a planted fault that must be found. */
import { expect } from 'chai'
import { pointsOf, sides, spread, type Call, type Mode, type Point, type Side } from '../../crash/points.ts'
import { Stage } from '../../crash/scenario.ts'
import { seededRandom } from '../../support/sim/random.ts'

const SAMPLE = 12
const SEED = 5

describe('crash points', function () {
  this.timeout(120_000)
  let stage: Stage
  let points: Point[]
  let recorded: Record<Side, readonly Call[]>

  /** The job ends right although the `nth` call of this kind fails or kills. */
  const endsRight = async (side: Side, what: RegExp, mode: Mode, nth = 0): Promise<void> => {
    const call = recorded[side].filter(c => what.test(c.what))[nth]
    expect(call, `a call like ${what}`).to.not.equal(undefined)
    if (call === undefined) return
    const outcome = await stage.run({ side, port: call.port, n: call.n, mode })
    expect(outcome.problems, outcome.lines.slice(-30).join('\n')).to.deep.equal([])
  }

  before(async () => {
    stage = await Stage.open()
    const { calls, outcome } = await stage.record()
    expect(outcome.problems, outcome.lines.slice(-40).join('\n')).to.deep.equal([])
    recorded = calls
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

  it('a round whose journal entry could not be written is tried again, and does not end the peer', async () => {
    await endsRight('requester', /^job\/\* \+ hist/, 'ENOSPC', 2)
  })

  it('content that could not be let go does not end the peer', async () => {
    await endsRight('requester', /^del content\/pin/, 'EIO')
    await endsRight('successor', /^del content\/pin/, 'EMFILE')
  })

  it('a top-up that could not be written down is tried again', async () => {
    await endsRight('requester', /^tx\//, 'ENOSPC')
  })

  it('a mined transaction that could not be noted is noted later', async () => {
    await endsRight('provider', /^tx\//, 'EIO', 1)
  })

  it('a requester that dies while its task is fetched finds the provider waiting, and leaves no pin behind', async () => {
    await endsRight('requester', /^content\/pin/, 'after', 3)
    await endsRight('requester', /^content\/pin/, 'after', 4)
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
