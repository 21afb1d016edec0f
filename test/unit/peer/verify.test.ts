/** Whose result is paid. "The same" need not be transitive, results come in any order, and the requester may die between any two steps. */
import { expect } from 'chai'
import fc from 'fast-check'
import { decide, quorumOf, type Candidate, type Same } from '../../../src/peer/requester/verify.ts'
import { hex } from '../../support/records.ts'

const c = (id: string, digest: number, fate: Candidate['fate'] = 'waiting'): Candidate => ({
  id,
  digest: hex(digest),
  fate
})

describe('which results are accepted', () => {
  it('none: the first result stands, an equal one is accepted too, another is disputed', () => {
    expect(decide('none', 1, [], 1)).to.deep.equal({ accept: [], dispute: [], more: false })
    expect(decide('none', 1, [c('a', 1)], 0)).to.deep.equal({
      accept: ['a'],
      dispute: [],
      settled: 'a',
      more: false
    })
    expect(decide('none', 1, [c('a', 1, 'accepted'), c('b', 1), c('d', 2)], 0)).to.deep.include({
      accept: ['b'],
      dispute: ['d'],
      settled: 'a'
    })
  })

  it('none: a later result is judged by the rule of the job, and waits until it was compared', () => {
    const two = [c('a', 1, 'accepted'), c('b', 2)]
    expect(decide('none', 1, two, 0, () => undefined)).to.deep.equal({
      accept: [],
      dispute: [],
      settled: 'a',
      more: false,
      compare: ['b', 'a']
    })
    expect(decide('none', 1, two, 0, () => true).accept).to.deep.equal(['b'])
    expect(decide('none', 1, two, 0, () => false).dispute).to.deep.equal(['b'])
    expect(decide('none', 1, [c('a', 1, 'refused')], 0).settled, 'refused').to.equal(undefined)
  })

  it('replicas: a quorum is more than half of the copies', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).to.deep.equal([1, 2, 2, 3, 3, 4, 4])
  })

  it('replicas: nothing is accepted on one word, and nothing asked for while copies are out', () => {
    expect(decide('replicas', 2, [c('a', 1)], 1)).to.deep.equal({ accept: [], dispute: [], more: false })
    expect(decide('replicas', 3, [c('a', 1), c('b', 2)], 1)).to.deep.equal({
      accept: [],
      dispute: [],
      more: false
    })
  })

  it('replicas: equal hashes with a quorum stand at once and the liar is disputed', () => {
    expect(decide('replicas', 3, [c('liar', 9), c('a', 1), c('b', 1)], 0)).to.deep.equal({
      accept: ['a', 'b'],
      dispute: ['liar'],
      settled: 'a',
      more: false
    })
  })

  it('replicas: a mismatch with all copies in asks for one more, which decides', () => {
    expect(decide('replicas', 2, [c('a', 1), c('b', 2)], 0)).to.deep.equal({
      accept: [],
      dispute: [],
      more: true
    })
    expect(decide('replicas', 2, [c('a', 1), c('b', 2), c('d', 2)], 0)).to.deep.include({
      accept: ['b', 'd'],
      dispute: ['a'],
      more: false
    })
    expect(decide('replicas', 2, [c('a', 1), c('b', 2), c('d', 3)], 0).more).to.equal(true)
  })

  it('replicas: by bytes a liar is disputed as soon as a result stands, though copies are still out', () => {
    const list = [c('liar', 9), c('a', 1), c('b', 1), c('d', 1)]
    expect(decide('replicas', 5, list, 1)).to.deep.include({ accept: ['a', 'b', 'd'], dispute: ['liar'] })
  })

  it('replicas: what the chain paid without a quorum is not what others are held against', () => {
    const list = [c('liar', 9, 'accepted'), c('a', 1), c('b', 1)]
    expect(decide('replicas', 3, list, 0)).to.deep.include({ accept: ['a', 'b'], settled: 'a' })
  })
})

/** Results as places on a line; the same within 10. */
const TOLERANCE = 10
type Places = readonly number[]

interface Ended {
  readonly paid: ReadonlySet<number>
  readonly refused: ReadonlySet<number>
  readonly stands: number | undefined
  readonly comparisons: number
}

/**
 * One requester, step by step: results come in `order`, comparisons are made when `pick` says so, else the next result comes first. All
 * it knows is in the candidates and the verdicts, as after a restart. `late`: the last so many come when nothing more was awaited.
 */
function play(
  places: Places,
  order: readonly number[],
  copies: number,
  pick: () => boolean,
  late = 0
): Ended {
  const verdicts = new Map<string, boolean>()
  const fates = new Map<number, Candidate['fate']>()
  let stands: number | undefined
  const same: Same = (a, b) => (a.digest === b.digest ? true : verdicts.get([a.id, b.id].sort().join()))
  const list = (): Candidate[] =>
    [...fates].map(([i, fate]) => ({
      id: String(i),
      digest: hex(100 + (places[i] ?? 0)),
      fate,
      stands: i === stands
    }))
  /** Acts on one decision; false when there was nothing to do. */
  const step = (pending: number): boolean => {
    const d = decide('replicas', copies, list(), pending, same)
    for (const id of d.accept) {
      fates.set(Number(id), 'accepted')
      if (id === d.settled) stands ??= Number(id)
    }
    for (const id of d.dispute) fates.set(Number(id), 'refused')
    const [a, b] = d.compare ?? []
    if (a !== undefined && b !== undefined)
      verdicts.set(
        [a, b].sort().join(),
        Math.abs((places[Number(a)] ?? 0) - (places[Number(b)] ?? 0)) <= TOLERANCE
      )
    return d.accept.length + d.dispute.length > 0 || d.compare !== undefined
  }
  order.forEach((i, n) => {
    fates.set(i, 'waiting')
    const pending = Math.max(0, order.length - late - n - 1)
    while ((pending === 0 || pick()) && step(pending)) continue
  })
  const of = (fate: Candidate['fate']) => new Set([...fates].filter(([, f]) => f === fate).map(([i]) => i))
  return { paid: of('accepted'), refused: of('refused'), stands, comparisons: verdicts.size }
}

const near = (places: Places, i: number): number =>
  places.filter(p => Math.abs(p - (places[i] ?? 0)) <= TOLERANCE).length
const indices = (places: Places): number[] => places.map((_, i) => i)
const place = fc.integer({ min: 0, max: 60 })
/** A seeded coin, so that a failure can be played again. */
const coin = (seed: number) => () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % 3 > 0

describe('results that are the same within a tolerance', () => {
  it('the order of arrival and of comparisons does not change who is paid: those with a quorum around them', () => {
    const runs = fc.array(place, { minLength: 2, maxLength: 7 }).chain(places =>
      fc.record({
        places: fc.constant(places),
        order: fc.shuffledSubarray(indices(places), { minLength: places.length }),
        seed: fc.nat()
      })
    )
    fc.assert(
      fc.property(runs, ({ places, order, seed }) => {
        const q = quorumOf(places.length)
        const { paid, refused, stands, comparisons } = play(places, order, places.length, coin(seed))
        const expected = indices(places).filter(i => near(places, i) >= q)
        expect([...paid].sort()).to.deep.equal(expected)
        expect(refused.size, 'all others are refused, once a result stands').to.equal(
          expected.length === 0 ? 0 : places.length - expected.length
        )
        if (expected.length > 0) expect(paid.has(stands ?? -1)).to.equal(true)
        expect(comparisons).to.be.at.most((places.length * (places.length - 1)) / 2)
        for (const i of paid)
          for (const j of paid)
            expect(Math.abs((places[i] ?? 0) - (places[j] ?? 0))).to.be.at.most(2 * TOLERANCE)
      }),
      { numRuns: 2_000 }
    )
  })

  it('honest results within half the tolerance of the truth are all paid, and a lie beyond the tolerance of all of them never', () => {
    const casts = fc.integer({ min: 2, max: 7 }).chain(copies =>
      fc.record({
        honest: fc.array(fc.integer({ min: 25, max: 35 }), {
          minLength: quorumOf(copies),
          maxLength: copies
        }),
        lies: fc.array(place, { minLength: copies, maxLength: copies }),
        copies: fc.constant(copies),
        seed: fc.nat()
      })
    )
    fc.assert(
      fc.property(casts, ({ honest, lies, copies, seed }) => {
        const places = [...honest, ...lies].slice(0, copies)
        const flip = coin(seed)
        const order = indices(places).sort(() => (flip() ? 1 : -1))
        const { paid } = play(places, order, copies, flip)
        for (const i of indices(places)) {
          if (i < honest.length) expect(paid.has(i), 'honest').to.equal(true)
          else if (honest.every(h => Math.abs(h - (places[i] ?? 0)) > TOLERANCE))
            expect(paid.has(i), 'a lie').to.equal(false)
        }
      }),
      { numRuns: 2_000 }
    )
  })

  it('any number of late liars who agree with one another is refused, and a late honest result is paid', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 25, max: 35 }), { minLength: 2, maxLength: 7 }),
        fc.array(fc.constantFrom(0, 1, 59, 60), { maxLength: 6 }),
        fc.nat(),
        (honest, liars, seed) => {
          const places = [...honest, ...liars, 30]
          const { paid } = play(places, indices(places), honest.length, coin(seed), liars.length + 1)
          expect([...paid].sort((a, b) => a - b)).to.deep.equal([...indices(honest), places.length - 1])
        }
      )
    )
  })

  it('the result that stands is the one with the most around it, whoever decides', () => {
    // 20 is near both others, which are too far from one another
    const { paid, stands } = play([30, 20, 10], [0, 2, 1], 3, () => true)
    expect([...paid].sort()).to.deep.equal([0, 1, 2])
    expect(stands).to.equal(1)
  })
})
