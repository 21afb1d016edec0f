/**
 * Requesters that rob, each a process of a program in which a few lines are other ones, against a devnet of the honest program: providers
 * are unharmed or paid, nobody is banned, and everybody hears why.
 */
import { expect } from 'chai'
import { short, play, Player, type Heist } from '../support/e2e/heist.ts'
import type { SubmitOptions } from '../support/e2e/jobs.ts'
import type { Robber } from '../support/e2e/robbers.ts'
import { startWorld, story, type World } from '../support/e2e/world.ts'

describe('robbers', function () {
  this.timeout(240_000)
  let world: World
  const players: Player[] = []
  let homes = 0

  before(async () => {
    world = await startWorld('robbers', { peers: 2, slots: 4, requesters: 11 })
  })
  after(async () => {
    await Promise.all(players.map(p => p.stop()))
    await world?.stop()
  })

  async function rob(robber: Robber, o: Partial<SubmitOptions> = {}): Promise<Heist> {
    const player = await Player.start(world, robber, ++homes)
    players.push(player)
    return await play(world, player.home, robber, o)
  }

  for (const r of (process.env['ROB'] ?? 'moreGas').split(',') as Robber[])
    it(r, async () => {
      const t = performance.now()
      const h = await rob(r, r.startsWith('false') || r.startsWith('with') ? { challengeSeconds: 20 } : {})
      console.log(performance.now() - t, story(h.job))
      console.log(await h.told())
      console.log((await h.logged()).join('\n'))
      console.log(await h.provision(), await h.closed())
      console.log((await h.events()).map(e => e.kind))
    })
})
void short
