import { expect } from 'chai'
import { HALF_LIFE_MS, PeerScores, RELIABILITY_MAX, RELIABILITY_MIN } from '../../../src/p2p/peers/scores.ts'
import { FakeClock } from './fake-clock.ts'

type Act = Parameters<PeerScores['report']>[1]

const report = (scores: PeerScores, act: Act, times: number, peer = 'p'): void => {
  for (let i = 0; i < times; i++) scores.report(peer, act)
}
const strike = (scores: PeerScores, times: number): boolean[] =>
  Array.from({ length: times }, () => scores.strike('p'))

describe('peer scores', () => {
  it('a stranger has 0, good conduct raises it up to a bound', () => {
    const scores = new PeerScores(new FakeClock())
    expect(scores.score('p')).to.equal(0)
    report(scores, 'useful', 10_000)
    expect(scores.score('p')).to.equal(RELIABILITY_MAX)
  })

  it('halve in a half-life, both ways', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    scores.strike('p')
    scores.report('p', 'failed')
    const before = scores.score('p')
    clock.advance(HALF_LIFE_MS)
    expect(scores.score('p')).to.be.closeTo(before / 2, 1e-9)
  })

  it('four acts of evidence in a row are enough, three are not, and good conduct buys none', () => {
    const scores = new PeerScores(new FakeClock())
    report(scores, 'useful', 10_000)
    expect(strike(scores, 4)).to.deep.equal([false, false, false, true])
  })

  it('acts of evidence far apart are never enough', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    for (let i = 0; i < 50; i++) {
      expect(scores.strike('p')).to.equal(false)
      clock.advance(HALF_LIFE_MS)
    }
  })

  it('failures and broken promises without end lower the score to a bound, and gossip does not look at them', () => {
    const scores = new PeerScores(new FakeClock())
    report(scores, 'failed', 1_000)
    report(scores, 'broken-promise', 1_000)
    expect([scores.score('p'), scores.gossipScore('p')]).to.deep.equal([RELIABILITY_MIN, 0])
    expect(scores.strike('p')).to.equal(false)
    expect(scores.gossipScore('p')).to.be.below(0)
  })

  it('well-behaved is who has served us well for some time', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    report(scores, 'useful', 20)
    expect(scores.wellBehaved('p')).to.equal(false)
    clock.advance(61_000)
    expect(scores.wellBehaved('p')).to.equal(true)
    report(scores, 'failed', 20)
    expect(scores.wellBehaved('p')).to.equal(false)
  })

  it('what was forgiven is forgotten, luck is not', () => {
    const scores = new PeerScores(new FakeClock())
    strike(scores, 4)
    report(scores, 'failed', 1)
    scores.clear('p')
    expect(scores.score('p')).to.equal(-1)
  })

  it('a thousand identities do not make the map grow', () => {
    const scores = new PeerScores(new FakeClock(), 100)
    for (let i = 0; i < 1_000; i++) report(scores, 'failed', 1, `peer ${i}`)
    expect(scores.size).to.equal(100)
  })

  it('forgets what has decayed to nothing', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    scores.report('p', 'failed')
    clock.advance(HALF_LIFE_MS * 10)
    scores.forget()
    expect(scores.size).to.equal(0)
  })
})
