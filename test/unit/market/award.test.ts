import { expect } from 'chai'
import fc from 'fast-check'
import { award, replay, ruleIds, ruleOf, type Award } from '../../../src/market/award.ts'
import { bestValue1 } from '../../../src/market/rules/best-value-1.ts'
import type { Candidate, RuleInput, Seat } from '../../../src/market/rules/rule.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import { thrown } from '../../support/failures.ts'
import { addressOf, hashed } from '../../support/records.ts'

const candidate = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  digest: hashed(`bid of ${name}`),
  operator: addressOf(name),
  price: 1_000_000_000_000_000n,
  slots: 2,
  speed: 200_000_000n,
  ...changes
})
const seats = (n: number, avoid: Seat['avoid'] = []): Seat[] =>
  Array.from({ length: n }, (_, shard) => ({ shard, avoid }))
const input = (candidates: readonly Candidate[], changes: Partial<RuleInput> = {}): RuleInput => ({
  offer: hashed('offer'),
  gas: 20_000_000_000n,
  seats: seats(4),
  candidates,
  records: {},
  ...changes
})
const winners = (i: RuleInput): (Hex32 | null)[] => [...bestValue1.assign(i)]

const candidates = fc
  .uniqueArray(
    fc.record({
      name: fc.integer({ min: 0, max: 40 }),
      price: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
      slots: fc.integer({ min: 0, max: 5 }),
      speed: fc.bigInt({ min: 0n, max: 2n ** 64n })
    }),
    { selector: c => c.name, maxLength: 12 }
  )
  .map(list => list.map(({ name, ...c }) => candidate(`p${name}`, c)))
const shardSeats = fc.array(
  fc.record({
    shard: fc.integer({ min: 0, max: 6 }),
    avoid: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 })
  }),
  { maxLength: 20 }
)
const inputs = fc
  .record({ candidates, list: shardSeats })
  .map(({ candidates: c, list }) =>
    input(c, { seats: list.map(s => ({ shard: s.shard, avoid: s.avoid.map(n => addressOf(`p${n}`)) })) })
  )

describe('best-value/1', () => {
  it('gives the same award however the bids arrive', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (i, turn) => {
        const n = i.candidates.length
        const turned = i.candidates.map((_, k) => i.candidates[(k + turn) % n]).filter(c => c !== undefined)
        expect(winners({ ...i, candidates: turned })).to.deep.equal(winners(i))
        expect(winners({ ...i, candidates: turned.toReversed() })).to.deep.equal(winners(i))
      }),
      { numRuns: 150 }
    )
  })

  it('never gives two executions of one shard to one operator, nor one to an operator to avoid', () => {
    fc.assert(
      fc.property(inputs, i => {
        const byDigest = new Map(i.candidates.map(c => [c.digest, c.operator]))
        const assigned = winners(i)
        const held = new Map<string, string>()
        assigned.forEach((digest, k) => {
          const seat = i.seats[k]
          if (digest === null || seat === undefined) return
          const operator = byDigest.get(digest) ?? ''
          expect(seat.avoid, 'avoided').not.to.include(operator)
          const key = `${seat.shard} ${operator}`
          expect(held.has(key), 'twice in one shard').to.equal(false)
          held.set(key, digest)
        })
      }),
      { numRuns: 150 }
    )
  })

  it('never gives a bid more executions than it has slots, and leaves no seat empty that a bid could take', () => {
    fc.assert(
      fc.property(inputs, i => {
        const assigned = winners(i)
        expect(assigned.length).to.equal(i.seats.length)
        const count = (c: Candidate) => assigned.filter(d => d === c.digest).length
        for (const c of i.candidates) expect(count(c)).to.be.at.most(c.slots)
        assigned.forEach((digest, k) => {
          const seat = i.seats[k]
          if (digest !== null || seat === undefined) return
          for (const c of i.candidates) {
            const inShard = assigned.some((d, j) => d === c.digest && i.seats[j]?.shard === seat.shard)
            const avoided = seat.avoid.includes(c.operator)
            expect(count(c) >= c.slots || inShard || avoided).to.equal(true)
          }
        })
      }),
      { numRuns: 150 }
    )
  })

  it('a second seat of a shard keeps its own list of operators to avoid', () => {
    const [a, b] = [candidate('a', { price: 1n }), candidate('b')]
    const two: Seat[] = [
      { shard: 0, avoid: [b.operator] },
      { shard: 0, avoid: [a.operator] }
    ]
    expect(winners(input([a, b], { seats: two }))).to.deep.equal([a.digest, b.digest])
    const onlySecond: Seat[] = [
      { shard: 0, avoid: [] },
      { shard: 0, avoid: [b.operator] }
    ]
    expect(winners(input([a, b], { seats: onlySecond }))).to.deep.equal([a.digest, null])
  })

  it('spreads over peers before anyone gets a second execution', () => {
    const list = ['a', 'b', 'c', 'd'].map((n, i) =>
      candidate(n, { price: 10n ** 15n + BigInt(i) * 10n ** 14n, slots: 4 })
    )
    expect(new Set(winners(input(list))).size).to.equal(4)
    const eight = winners(input(list, { seats: seats(8) }))
    for (const c of list) expect(eight.filter(d => d === c.digest).length).to.equal(2)
  })

  it('takes the cheaper of two equals, the faster of two equals, and the one with the better record', () => {
    const one = seats(1)
    const [a, b] = [candidate('a'), candidate('b')]
    const first = (x: Candidate, y: Candidate, records: RuleInput['records'] = {}) =>
      winners(input([x, y], { seats: one, records }))[0]
    expect(first({ ...a, price: a.price + 1n }, b)).to.equal(b.digest)
    expect(first(a, { ...b, price: b.price + 1n })).to.equal(a.digest)
    expect(first({ ...a, speed: a.speed / 2n }, b)).to.equal(b.digest)
    expect(first(a, { ...b, speed: b.speed / 2n })).to.equal(a.digest)
    const failed = { completed: 0, failed: 3 }
    expect(first(a, b, { [a.operator]: failed })).to.equal(b.digest)
    expect(first(a, b, { [b.operator]: failed })).to.equal(a.digest)
    expect(first(a, b, { [b.operator]: { completed: 5, failed: 0 } })).to.equal(b.digest)
  })

  it('each further failure ranks lower, each success higher, and a record without either is the newcomer’s', () => {
    const c = candidate('a')
    const score = (completed: number, failed: number): bigint =>
      bestValue1.score(c, input([c], { records: { [c.operator]: { completed, failed } } }))
    for (let n = 0; n < 20; n++) {
      expect(score(n, 3) > score(n + 1, 3)).to.equal(true)
      expect(score(3, n) < score(3, n + 1)).to.equal(true)
    }
    expect(score(0, 0)).to.equal(bestValue1.score(c, input([c])))
  })

  it('an operator’s record counts whatever the spelling of its address', () => {
    const c = candidate('a')
    const upper = { ...c, operator: ('0x' + c.operator.slice(2).toUpperCase()) as typeof c.operator }
    const records = { [c.operator]: { completed: 0, failed: 9 } }
    expect(bestValue1.score(upper, input([upper], { records }))).to.equal(
      bestValue1.score(c, input([c], { records }))
    )
    expect(winners(input([c, upper], { seats: [{ shard: 0, avoid: [upper.operator] }] }))).to.deep.equal([
      null
    ])
  })

  it('scores are whole numbers for the widest values there are', () => {
    const c = candidate('a', { price: 2n ** 128n - 1n, speed: 0n })
    const s = bestValue1.score(c, input([c], { gas: 2n ** 128n - 1n }))
    expect(typeof s).to.equal('bigint')
    expect(s > 0n).to.equal(true)
  })

  it('equal bids are told apart by a hash of offer and bid: nobody wins every tie', () => {
    const [a, b] = [candidate('a'), candidate('b')]
    const wins = Array.from(
      { length: 64 },
      (_, i) => winners(input([a, b], { offer: hashed(`offer ${i}`), seats: seats(1) }))[0]
    ).filter(d => d === a.digest).length
    expect(wins).to.be.within(12, 52)
  })

  it('nobody bids: every seat stays empty', () => {
    expect(winners(input([]))).to.deep.equal([null, null, null, null])
  })
})

describe('choosing again', () => {
  const list = ['a', 'b', 'c'].map(n => candidate(n))
  const honest = award('best-value/1', input(list))

  it('an honest award follows from its inputs', () => {
    expect(replay(honest, input(list))).to.equal(undefined)
    expect(replay(honest, input(list.toReversed()))).to.equal(undefined)
  })

  it('any seat given to another bid, to nobody or in another order is found', () => {
    const others = [null, ...list.map(c => c.digest)]
    honest.assignment.forEach((given, i) => {
      for (const other of others) {
        if (other === given) continue
        const forged: Award = { ...honest, assignment: honest.assignment.with(i, other) }
        expect(replay(forged, input(list))).to.contain(`execution ${i}`)
      }
    })
  })

  it('an award that is too short or too long is found', () => {
    const short = { ...honest, assignment: honest.assignment.slice(0, -1) }
    const long = { ...honest, assignment: [...honest.assignment, list[0]?.digest ?? null] }
    expect(replay(short, input(list))).to.be.a('string')
    expect(replay(long, input(list))).to.be.a('string')
  })

  it('a bid left out, slipped in or altered shows in the root', () => {
    expect(replay(honest, input(list.slice(1)))).to.contain('bid root')
    expect(replay(honest, input([...list, candidate('d')]))).to.contain('bid root')
    expect(replay({ ...honest, bidRoot: hashed('another') }, input(list))).to.contain('bid root')
  })

  it('another record of past work that changes the choice is found', () => {
    const [a] = list
    if (a === undefined) throw new Error('three bids')
    const one = input(list, { seats: seats(1) })
    const first = award('best-value/1', one)
    const winner = list.find(c => c.digest === first.assignment[0]) ?? a
    expect(
      replay(first, { ...one, records: { [winner.operator]: { completed: 0, failed: 50 } } })
    ).to.contain('execution 0')
  })

  it('a rule that nobody knows is refused with the known ones', () => {
    const e = thrown(() => ruleOf('best-value/9'), 'USAGE')
    for (const id of ruleIds) expect(e.next).to.contain(id)
    thrown(() => award('constructor', input(list)), 'USAGE')
  })
})
