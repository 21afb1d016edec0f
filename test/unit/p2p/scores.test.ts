import { expect } from 'chai'
import { BAN_MS, HALF_LIFE_MS, PeerScores, SCORE_MAX } from '../../../src/p2p/peers/scores.ts'
import type { Conduct } from '../../../src/protocol/ports/index.ts'
import { FakeClock } from './fake-clock.ts'

function report(scores: PeerScores, conduct: Conduct, times: number, peer = 'p'): boolean {
  let banned = false
  for (let i = 0; i < times; i++) banned = scores.report(peer, conduct) || banned
  return banned
}

describe('peer scores', () => {
  it('a stranger has 0, good conduct raises it up to a bound', () => {
    const scores = new PeerScores(new FakeClock())
    expect(scores.score('p')).to.equal(0)
    report(scores, 'useful', 10_000)
    expect(scores.score('p')).to.equal(SCORE_MAX)
  })

  it('halve in a half-life, both ways', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    scores.report('p', 'invalid')
    const before = scores.score('p')
    clock.advance(HALF_LIFE_MS)
    expect(scores.score('p')).to.be.closeTo(before / 2, 1e-9)
  })

  it('a few protocol violations in a row ban a stranger, once', () => {
    const scores = new PeerScores(new FakeClock())
    expect(report(scores, 'invalid', 3)).to.equal(false)
    expect(report(scores, 'invalid', 1)).to.equal(true)
    expect(scores.banned('p')).to.equal(true)
    expect(report(scores, 'invalid', 1)).to.equal(false)
  })

  it('an unlucky peer that fails now and then is not banned', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    for (let i = 0; i < 200; i++) {
      scores.report('p', 'failed')
      clock.advance(30_000)
    }
    expect(scores.banned('p')).to.equal(false)
  })

  it('a ban ends', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    report(scores, 'invalid', 4)
    clock.advance(BAN_MS + 1)
    expect(scores.banned('p')).to.equal(false)
  })

  it('a thousand identities do not make the map grow', () => {
    const scores = new PeerScores(new FakeClock(), 100)
    for (let i = 0; i < 1_000; i++) report(scores, 'spam', 1, `peer ${i}`)
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
