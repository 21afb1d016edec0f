import { expect } from 'chai'
import type { Target } from '../../hostile/attack.ts'
import { attacks } from '../../hostile/attacks/index.ts'
import { Siege } from '../../hostile/siege.ts'
import { addressOf, startPeer, stopAll } from '../p2p/fixtures.ts'

/** Attacks that need no records of a chain and end within seconds; `npm run test:hostile` runs them all, under honest load. */
const QUICK = [
  'request flood',
  'varint bomb',
  'malformed records',
  'broken signatures',
  'topic flood',
  'IHAVE storm',
  'GRAFT storm',
  'oversized packet',
  'query flood',
  'provider flood',
  'ping flood',
  'frame bomb',
  'half-open streams',
  'stream flood',
  'identify flood',
  'identity churn',
  'banned, knocking'
]
const WAIT_MS = 10_000

describe('an attacker on a real peer is cut off', () => {
  afterEach(stopAll)

  for (const [i, name] of QUICK.entries()) {
    it(`${name}: within ${WAIT_MS / 1_000} s, while an honest peer is served`, async () => {
      const victim = await startPeer()
      const honest = await startPeer({ profile: 'light' })
      victim.handle('bid', () => Promise.resolve({ accepted: false }))
      victim.handle('offers', () => Promise.resolve({ offers: [] }))
      victim.handle('agree', () => Promise.resolve({}))
      victim.subscribe(
        'adverts/general',
        () => Promise.resolve('accept'),
        () => undefined
      )
      const target = {
        address: victim.addresses()[0] ?? '',
        peer: victim.peerId,
        networkId: 'test',
        seen: []
      }
      const stop = new AbortController()
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WAIT_MS)])
      const siege = new Siege(target as unknown as Target, `127.0.1.${i + 1}`, signal)
      const attack = attacks.find(a => a.name === name)
      const over = attack?.run(siege)
      let outcome = siege.outcome(name)
      while (!signal.aborted && outcome.cutAfter === undefined) {
        await honest.request(addressOf(victim), 'offers', { known: [] })
        await new Promise(resolve => setTimeout(resolve, 200))
        outcome = siege.outcome(name)
      }
      stop.abort()
      await over
      await siege.end()
      expect(outcome.sent).to.be.above(0)
      expect(outcome.cutAfter, outcome.how).to.be.below(WAIT_MS)
    })
  }
})
