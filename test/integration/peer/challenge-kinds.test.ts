/** Challenges of memory, disk and line between real peers, and what cheats and floods come to. */
import { expect } from 'chai'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { Allowance } from '../../../src/peer/capacity/allowance.ts'
import type { Answerer } from '../../../src/peer/capacity/answers/answer.ts'
import { flowAnswerer } from '../../../src/peer/capacity/answers/flow.ts'
import { hoardAnswerer } from '../../../src/peer/capacity/answers/hoard.ts'
import { Challenger, type Outcome } from '../../../src/peer/capacity/challenger.ts'
import type { Task } from '../../../src/peer/capacity/exams/exam.ts'
import { diskHoarder } from '../../../src/peer/capacity/hoards/disk.ts'
import { memoryHoarder } from '../../../src/peer/capacity/hoards/memory.ts'
import { Prover } from '../../../src/peer/capacity/prover.ts'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { GiB, MiB, PIECE } from '../../../src/protocol/limits.ts'
import type { Hoarder } from '../../../src/protocol/ports/capacity.ts'
import type { CapacityKind } from '../../../src/protocol/records/attestation.ts'
import { noLog } from '../../support/tasks.ts'
import { addressOf, startPeer, stopAll, systemClock, systemRandom, until } from '../p2p/fixtures.ts'

const { signal } = new AbortController()
/** Passes: a data set takes some tenths of a second. */
const WORK = 2 ** 14
const memory = memoryHoarder(systemClock, () => GiB)

/** Keeps the tree and throws the data away; makes it again when it is asked for. */
const forgetful = (inner: Hoarder): Hoarder => ({
  max: inner.max,
  fill: async (spec, s) => {
    const first = await inner.fill(spec, s)
    await first.drop()
    let again: ReturnType<Hoarder['fill']> | undefined
    const anew = () => (again ??= inner.fill(spec, s))
    return {
      root: first.root,
      path: i => first.path(i),
      block: async (i, sig) => await (await anew()).block(i, sig),
      rewrite: async (seed, sig) => await (await anew()).rewrite(seed, sig),
      drop: async () => await (await again)?.drop()
    }
  }
})

describe('challenges of memory, disk and line over real connections', () => {
  let folder = ''
  const stops: (() => Promise<void>)[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-capacity-'))
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await stopAll()
    rmSync(folder, { recursive: true })
  })

  async function subject(kind: CapacityKind, answerer: Answerer): Promise<P2PNetwork> {
    const network = await startPeer()
    const prover = new Prover({
      ...{ clock: systemClock, log: noLog, network, busy: () => undefined },
      answerers: new Map([[kind, answerer]])
    })
    await prover.start()
    network.handle('attest', async ({ id }, { from }) => {
      if (!prover.claimAnswered(from, id)) throw new Error('not answered')
      return {}
    })
    stops.push(() => prover.stop())
    return network
  }
  async function challenge(group: readonly P2PNetwork[], task: Task, work?: number): Promise<Outcome[]> {
    const seed = new Uint8Array(randomBytes(32))
    const network = await startPeer({ seed })
    const identity = identityFromSeed(seed)
    const parts = { clock: systemClock, random: systemRandom, log: noLog, network, identity, work }
    return await new Challenger(parts).challenge(group.map(addressOf), task, signal)
  }
  const disk = (max = GiB): Hoarder =>
    diskHoarder({ clock: systemClock, files: nodeFiles, folder, max: () => max })

  it('memory: what was held is attested in MiB, more than is offered is not taken', async () => {
    const it = await subject(
      'memory',
      hoardAnswerer(
        memoryHoarder(systemClock, () => 8 * MiB),
        false,
        WORK
      )
    )
    const [outcome] = await challenge([it], { kind: 'memory', size: 8 }, WORK)
    expect(outcome?.reason).to.equal(undefined)
    expect(outcome?.attestation?.score).to.equal(8)
    const [more] = await challenge([it], { kind: 'memory', size: 9 }, WORK)
    expect(more?.reason).to.match(/more than this peer offers/)
  })

  it('memory: who makes less than all, or of another seed, gets nothing', async () => {
    const cheap = await subject('memory', hoardAnswerer(memory, false, WORK / 4))
    const [fewer] = await challenge([cheap], { kind: 'memory', size: 4 }, WORK)
    expect(fewer?.reason).to.match(/is wrong/)
    const other: Answerer = (r, s) =>
      hoardAnswerer(memory, false, WORK)({ ...r, seed: new Uint8Array(32) }, s)
    const [foreign] = await challenge([await subject('memory', other)], { kind: 'memory', size: 4 }, WORK)
    expect(foreign?.attestation).to.equal(undefined)
  })

  it('memory and disk: who throws it away must make it again, and comes too late or is too slow', async function () {
    this.timeout(120_000)
    const task = { kind: 'memory', size: 4 } as const
    const [late] = await challenge([await subject('memory', hoardAnswerer(forgetful(memory), false))], task)
    expect(late?.reason).to.match(/in vain|made anew/)
    const answerer = hoardAnswerer(forgetful(disk()), true)
    const [slow] = await challenge([await subject('disk', answerer)], { kind: 'disk', size: 32 })
    expect(slow?.attestation?.score ?? 0, slow?.reason).to.be.below(20 * 1024)
  })

  it('disk: the rate is attested in KiB a second, and no file stays', async () => {
    const it = await subject('disk', hoardAnswerer(disk(), true, WORK))
    const [outcome] = await challenge([it], { kind: 'disk', size: 8 }, WORK)
    expect(outcome?.reason).to.equal(undefined)
    expect(outcome?.attestation?.score).to.be.above(1_024)
    await until('the files are removed', () => readdirSync(folder).length === 0)
    const [more] = await challenge(
      [await subject('disk', hoardAnswerer(disk(15 * MiB), true, WORK))],
      { kind: 'disk', size: 8 },
      WORK
    )
    expect(more?.reason, 'two files of 8 MiB do not fit into 15').to.match(/more than this peer offers/)
  })

  it('disk: who answers with what it read before, not with what it wrote again, gets nothing', async () => {
    const lazy: Hoarder = {
      max: () => GiB,
      fill: async (spec, s) => {
        const hoard = await memory.fill(spec, s)
        return { ...hoard, rewrite: async () => hoard }
      }
    }
    const it = await subject('disk', hoardAnswerer(lazy, true, WORK))
    const [outcome] = await challenge([it], { kind: 'disk', size: 4 }, WORK)
    expect(outcome?.reason).to.match(/not written again/)
  })

  it('disk: the files are gone when the challenger does not come back, and when the peer stops', async () => {
    const it = await subject('disk', hoardAnswerer(disk(), true, WORK))
    const asker = await startPeer()
    const id = `0x${'22'.repeat(32)}` as never
    const body = { id, kind: 'disk', seed: new Uint8Array(32), size: 4 } as const
    const { root } = await asker.request(addressOf(it), 'challenge', body, signal)
    expect(root).to.match(/^0x/)
    expect(readdirSync(folder)).to.deep.equal(['capacity.tmp'])
    for (const stop of stops.splice(0)) await stop()
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('network: both directions are measured; all of a group at once get the score of the slowest', async () => {
    const line = () => flowAnswerer(new Allowance(systemClock, 0, GiB))
    const group = [await subject('network', line()), await subject('network', line())]
    const outcomes = await challenge(group, { kind: 'network', size: 2 })
    expect(outcomes.map(o => o.reason)).to.deep.equal([undefined, undefined])
    expect(new Set(outcomes.map(o => o.attestation?.score)).size).to.equal(1)
    expect(outcomes[0]?.attestation?.score).to.be.above(100)
    expect(outcomes.map(o => o.attestation?.together)).to.deep.equal([2, 2])
  })

  it('network: other bytes, too many, too few, and pieces that never came get nothing', async () => {
    const honest = flowAnswerer(new Allowance(systemClock, 0, GiB))
    const changed =
      (change: (a: Awaited<ReturnType<Answerer>>) => object): Answerer =>
      async (r, s) => {
        const answer = await honest(r, s)
        return { ...answer, ...change(answer) }
      }
    const cheats: [RegExp, Answerer][] = [
      [/not the seeded one/, async (r, s) => await honest({ ...r, seed: new Uint8Array(32) }, s)],
      [
        /more came/,
        changed(a => ({
          flow: async function* (s: AbortSignal) {
            if (a.flow !== undefined) yield* a.flow(s)
            for (;;) yield { data: new Uint8Array(PIECE) }
          }
        }))
      ],
      [/ended too early/, changed(() => ({ flow: async function* () {} }))],
      [
        /did not come/,
        changed(a => ({
          pour: async (data: Uint8Array) => ({ ...(await a.pour?.(data)), digest: `0x${'00'.repeat(32)}` })
        }))
      ]
    ]
    for (const [reason, answerer] of cheats) {
      const [outcome] = await challenge([await subject('network', answerer)], { kind: 'network', size: 1 })
      expect(outcome?.attestation).to.equal(undefined)
      expect(outcome?.reason).to.match(reason)
    }
  })

  describe('nobody is made to send or to take without end', () => {
    const id = `0x${'33'.repeat(32)}` as never
    const body = { id, kind: 'network', seed: new Uint8Array(32), size: 1 } as const
    const refused = async (work: Promise<unknown>): Promise<string> =>
      await work.then(
        () => 'taken',
        (e: unknown) => String((e as { code?: unknown }).code)
      )
    async function read(asker: P2PNetwork, it: P2PNetwork): Promise<number> {
      let bytes = 0
      for await (const { data } of asker.stream(addressOf(it), 'flow', { id }, signal))
        bytes += data.byteLength
      return bytes
    }

    it('no stream without an accepted challenge, none for a stranger, none twice', async () => {
      const it = await subject('network', flowAnswerer(new Allowance(systemClock, 0, GiB)))
      const [asker, stranger] = [await startPeer(), await startPeer()]
      expect(await refused(read(asker, it))).to.equal('NOT_FOUND')
      await asker.request(addressOf(it), 'challenge', body, signal)
      expect(await refused(read(stranger, it))).to.equal('NOT_FOUND')
      expect(await read(asker, it)).to.equal(MiB)
      expect(await refused(read(asker, it))).to.equal('NOT_FOUND')
    })

    it('no piece before the stream, none of another size, none beyond what was announced', async () => {
      const it = await subject('network', flowAnswerer(new Allowance(systemClock, 0, GiB)))
      const asker = await startPeer()
      const pour = async (size = PIECE) =>
        await refused(asker.request(addressOf(it), 'pour', { id, data: new Uint8Array(size) }, signal))
      expect(await pour()).to.equal('NOT_FOUND')
      await asker.request(addressOf(it), 'challenge', body, signal)
      expect(await pour()).to.equal('QUOTA_EXCEEDED')
      await read(asker, it)
      expect(await pour(PIECE - 1)).to.equal('QUOTA_EXCEEDED')
      for (let i = 0; i < MiB / PIECE; i++) expect(await pour()).to.equal('taken')
      expect(await pour()).to.equal('NOT_FOUND')
    })

    it('the bytes of an hour bound what all challengers together cost', async () => {
      const it = await subject('network', flowAnswerer(new Allowance(systemClock, 0, 3 * MiB)))
      const reasons: (string | undefined)[] = []
      for (let i = 0; i < 3; i++)
        reasons.push((await challenge([it], { kind: 'network', size: 1 })).at(0)?.reason)
      expect(reasons.slice(0, 2)).to.deep.equal([undefined, undefined])
      expect(reasons[2]).to.match(/enough was sent/)
    })

    it('more than the largest stream is not taken', async () => {
      const it = await subject('network', flowAnswerer(new Allowance(systemClock, 0, GiB)))
      const asker = await startPeer()
      const { reason } = await asker.request(addressOf(it), 'challenge', { ...body, size: 33 }, signal)
      expect(reason).to.match(/no such stream/)
    })
  })
})
