/** What an RPC or a chain can do to a running job; `npm run test:chain-trouble` plays all of it at every moment. */
import { expect } from 'chai'
import { playTrouble } from '../../chain-trouble/play.ts'
import { faultsOf } from '../../chain-trouble/run.ts'
import { poolScenes, scenes, type Moment } from '../../chain-trouble/scenes.ts'
import { Theatre } from '../../crash/theatre.ts'

/** One minute of simulated outage here. */
const MINUTES = 1

const cases: readonly (readonly [what: string, scene: string, moment: Moment])[] = [
  ['an outage does not stop a running job, and its money moves soon after', 'down for 1 minutes', 'running'],
  [
    'an RPC that tells of no events and of receipts that are none is not believed for ever',
    'lying',
    'settling'
  ],
  ['transactions that an RPC swallowed are sent again', 'swallows', 'matching'],
  ['answers of the wrong shape are waited out', 'nonsense', 'running'],
  ['old answers pay nothing twice', 'stale by 10', 'running'],
  ['a reorganisation that drops the opening of escrows is noticed at once', 'reorganised, 3', 'running'],
  ['base fees a hundred times higher delay nothing for good', 'fees', 'matching'],
  ['what the chain lost behind its last saved state is sent again', 'back to a saved state', 'running'],
  ['case 03: receipts that never come repeat no payment', 'receipts never', 'matching'],
  [
    'case 03: a transaction of which nothing is told for a while repeats no payment',
    'all of a transaction late, a withdrawal',
    'running'
  ],
  ['case 05: events that are never told end no job', 'events never', 'running'],
  ['case 05: events of few blocks at once are read in small pages', 'events of few blocks, 60 s', 'settling'],
  ['nodes that stand at different heights repeat no payment', 'nodes at three heights, 60 s', 'settling'],
  ['a pool that is dropped repeats no payment', 'pool dropped, a withdrawal', 'running'],
  ['another program that uses our nonces repeats no payment', 'nonces taken, a withdrawal', 'matching'],
  ['answers that overtake one another repeat no payment', 'answers out of order, a withdrawal', 'settling']
]

describe('chain trouble', function () {
  this.timeout(60_000)
  let theatre: Theatre

  before(async () => (theatre = await Theatre.open()))
  after(async () => await theatre?.close())

  for (const [what, name, moment] of cases)
    it(what, async () => {
      const scene = [...scenes(MINUTES), ...poolScenes()].find(s => s.name.startsWith(name))
      if (scene === undefined) throw new Error(`no trouble '${name}'`)
      const result = await playTrouble(theatre, scene, moment)
      expect(faultsOf(result), result.lines.slice(-40).join('\n')).to.deep.equal([])
    })
})
