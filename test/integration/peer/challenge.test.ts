import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { engineMultiplier } from '../../../src/executor/capacity/matmul.ts'
import { createWasmEngine } from '../../../src/executor/wasm/engine.ts'
import { proven } from '../../../src/market/classes.ts'
import { Attestations } from '../../../src/peer/capacity/attestations.ts'
import { productAnswerer } from '../../../src/peer/capacity/answers/product.ts'
import { Challenger } from '../../../src/peer/capacity/challenger.ts'
import { scoreOf } from '../../../src/peer/capacity/exams/product.ts'
import { Prover } from '../../../src/peer/capacity/prover.ts'
import { verifyAttestation } from '../../../src/peer/records.ts'
import { identityFromSeed, identityVerifier } from '../../../src/p2p/identity.ts'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import type { Multiplier } from '../../../src/protocol/ports/capacity.ts'
import { addressOf as operator } from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'
import { addressOf, startPeer, stopAll, systemClock, systemRandom } from '../p2p/fixtures.ts'

const SIZE = 128
const signal = new AbortController().signal
const engine = createWasmEngine({ clock: systemClock, log: noLog })
const honest = engineMultiplier(engine, 1)

interface Subject {
  readonly network: P2PNetwork
  readonly attestations: Attestations
  changed: number
}

describe('a capacity challenge over real connections', () => {
  const meta = new Map<string, Uint8Array>()
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await stopAll()
    meta.clear()
  })

  async function subject(
    multiplier: Multiplier,
    busy = (): string | undefined => undefined
  ): Promise<Subject> {
    const network = await startPeer()
    const base = { clock: systemClock, log: noLog, network }
    const prover = new Prover({
      ...base,
      answerers: new Map([['cpu', productAnswerer(multiplier, false)]]),
      busy
    })
    const journal = {
      meta: async (k: string) => meta.get(k),
      putMeta: async (k: string, v: Uint8Array) => void meta.set(k, v)
    }
    const it: Subject = {
      network,
      changed: 0,
      attestations: new Attestations({
        ...base,
        ...{ journal, identities: identityVerifier, prover, changed: () => void it.changed++ }
      })
    }
    await prover.start()
    await it.attestations.start()
    stops.push(
      () => it.attestations.stop(),
      () => prover.stop()
    )
    return it
  }
  async function challenger(): Promise<Challenger> {
    const seed = new Uint8Array(randomBytes(32))
    const network = await startPeer({ seed })
    const identity = identityFromSeed(seed)
    return new Challenger({ clock: systemClock, random: systemRandom, log: noLog, network, identity })
  }

  it('an honest answer is attested; the subject keeps it over a restart, and two challengers prove it', async () => {
    const it = await subject(honest)
    for (let i = 0; i < 2; i++) {
      const by = await challenger()
      const [outcome] = await by.challenge([addressOf(it.network)], { kind: 'cpu', size: 2 * SIZE }, signal)
      expect(outcome?.reason).to.equal(undefined)
      expect(outcome?.attestation?.score).to.be.at.least(1)
      if (outcome?.attestation !== undefined)
        await verifyAttestation(outcome.attestation, it.network.peerId, {
          identities: identityVerifier,
          clock: systemClock
        })
    }
    expect(it.changed).to.equal(2)
    await it.attestations.stop()
    await it.attestations.start()
    const list = it.attestations.shown()
    expect(list).to.have.length(2)
    const seen = proven(list, {
      ...{ now: Date.now(), subject: it.network.peerId, operator: operator('me'), siblings: 1 },
      operatorOf: peer => operator(peer)
    })
    expect(seen.cpu).to.equal(Math.min(...list.map(a => a.score)))
  })

  it('wrong cells, rows left out and a product of other matrices get nothing', async () => {
    const twist = (change: (c: Int32Array) => void): Multiplier => ({
      lanes: 1,
      multiply: async (m, s) => {
        const c = await honest.multiply(m, s)
        change(c)
        return c
      }
    })
    const cheats: [string, Multiplier][] = [
      ['one wrong cell', twist(c => (c[77] = (c[77] ?? 0) + 1))],
      ['half of the rows', twist(c => c.fill(0, c.length / 2))],
      ['zeros', { lanes: 1, multiply: async m => new Int32Array(m.n * m.n) }]
    ]
    const by = await challenger()
    for (const [name, multiplier] of cheats) {
      const it = await subject(multiplier)
      const [outcome] = await by.challenge([addressOf(it.network)], { kind: 'cpu', size: SIZE }, signal)
      expect(outcome?.attestation, name).to.equal(undefined)
      expect(outcome?.reason, name).to.match(/differs|wrong/)
      expect(it.attestations.all(), name).to.have.length(0)
    }
  })

  it('a group in which one is busy gets nothing, together they get the score of the slowest', async () => {
    let busy: string | undefined = 'working for others'
    const group = [await subject(honest), await subject(honest, () => busy)]
    const targets = group.map(s => addressOf(s.network))
    const by = await challenger()
    const refused = await by.challenge(targets, { kind: 'cpu', size: SIZE }, signal)
    expect(refused.map(o => o.attestation)).to.deep.equal([undefined, undefined])
    expect(refused.map(o => o.reason ?? '').join())
      .to.contain('another identity')
      .and.contain('working for others')
    busy = undefined
    const both = await by.challenge(targets, { kind: 'cpu', size: SIZE }, signal)
    expect(new Set(both.map(o => o.attestation?.score)).size).to.equal(1)
    expect(both.map(o => o.attestation?.together)).to.deep.equal([2, 2])
  })

  it('an attestation that nobody asked for, or of another challenge, is not taken', async () => {
    const it = await subject(honest)
    const liar = await startPeer()
    const by = await challenger()
    const [outcome] = await by.challenge([addressOf(it.network)], { kind: 'cpu', size: SIZE }, signal)
    const a = outcome?.attestation
    if (a === undefined) throw new Error('no attestation')
    const id = ('0x' + '11'.repeat(32)) as `0x${string}` as never
    const pushed = liar.request(addressOf(it.network), 'attest', { id, attestation: a }, signal)
    expect(
      await pushed.then(
        () => 'taken',
        () => 'refused'
      )
    ).to.equal('refused')
    expect(it.changed).to.equal(1)
  })

  it('a second challenge while one is under way is put off, and the score counts the time', async () => {
    const it = await subject(honest)
    const [one, two] = [await challenger(), await challenger()]
    const outcomes = await Promise.all(
      [one, two].map(c => c.challenge([addressOf(it.network)], { kind: 'cpu', size: SIZE }, signal))
    )
    const reasons = outcomes.map(([o]) => o?.reason ?? 'attested').sort()
    expect(reasons).to.deep.equal(['attested', 'not now: another challenge is under way'])
    expect(scoreOf(1000, 1000)).to.equal(1_000)
    expect(scoreOf(1000, 2000)).to.equal(500)
  })
})
