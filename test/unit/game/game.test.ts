import { expect } from 'chai'
import { configs } from '../../game/cases.ts'
import { checkArbiters, checkBoundaries } from '../../game/boundaries.ts'
import { incidents } from '../../game/incidents.ts'
import { base, D, ESCROW, OUTCOME, PROVIDER, REQUESTER } from '../../game/model/layout.ts'
import { realRules } from '../../game/model/rules.ts'
import { Search } from '../../game/model/search.ts'
import { plants } from '../../game/plants.ts'
import { findPlant } from '../../game/run.ts'

/** Bound of one game here; `npm run check:game` goes to the end. */
const STATES = 30_000

describe('the game over the money', () => {
  const reached = new Set<string>()

  for (const config of configs)
    it(`holds: ${config.name}`, () => {
      const game = new Search({ config, rules: realRules })
      for (let id = 0; id < game.store.size && id < STATES; id++) game.expand(id)
      expect(game.found?.trace.join('\n')).to.equal(undefined)
      const s = new Uint8Array(game.world.width)
      for (let id = 0; id < game.store.size; id++) {
        game.store.read(id, s)
        for (const [list, field] of [
          [ESCROW, D.escrow],
          [OUTCOME, D.outcome],
          [REQUESTER, D.requester],
          [PROVIDER, D.provider]
        ] as const) {
          const at = list[s[base(0) + field] ?? 0]
          if (at !== undefined) reached.add(`${field} ${at}`)
        }
      }
    })

  it('reaches every state of the escrow and of both machines, and every outcome', () => {
    for (const [list, field] of [
      [ESCROW, D.escrow],
      [OUTCOME, D.outcome],
      [REQUESTER, D.requester],
      [PROVIDER, D.provider]
    ] as const)
      for (const state of list) if (state !== undefined) expect([...reached]).to.include(`${field} ${state}`)
    // the model's lists are the tables' own
    expect(REQUESTER.slice(1)).to.have.members(Object.keys(realRules.executionTable))
    expect(PROVIDER.slice(1)).to.have.members(Object.keys(realRules.providerTable))
  })

  for (const plant of plants)
    it(`finds the planted rule ${plant.name}: ${plant.what}`, () => {
      const found = findPlant(plant, STATES)
      expect(found.game, 'not found').to.be.a('string')
      expect(found.steps).to.be.greaterThan(1)
    })

  it('amounts at the edge of 128 bits end every escrow to the unit', () => {
    const { states, problem } = checkBoundaries()
    expect(problem).to.equal(undefined)
    expect(states).to.be.greaterThan(100_000)
  })

  it('no side can be the arbiter of its own agreement', () => {
    expect(checkArbiters().problem).to.equal(undefined)
  })

  it('every incident names games and plants that exist', () => {
    for (const i of incidents) {
      for (const g of i.games) expect(configs.map(c => c.name)).to.include(g)
      for (const p of i.plants) expect(plants.map(x => x.name)).to.include(p)
      expect(i.plants.length + (i.also === undefined ? 0 : 1)).to.be.greaterThan(0)
    }
  })
})
