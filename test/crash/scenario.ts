/** A job of two shards on real peers: one provider disappears, its shard is handed over from a checkpoint, its escrow is refunded. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFile } from 'node:fs/promises'
import { createService } from '../../src/api/service.ts'
import type { ConfigInput } from '../../src/peer/home/config-schema.ts'
import { isTerminal } from '../../src/protocol/machines/machine.ts'
import { jobTable } from '../../src/protocol/machines/job.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import { Busy } from '../support/sim/busy.ts'
import { startSimChain, type SimChain } from '../support/sim/chain.ts'
import { JumpingClock } from '../support/sim/clock.ts'
import { Hub } from '../support/sim/hub.ts'
import { seededRandom } from '../support/sim/random.ts'
import { balances, judge, type Verdict } from './judge.ts'
import { groupOf, type Call, type Point, type Side } from './points.ts'
import { seatOf, Slot, type Seat, type Scene } from './slot.ts'

const NBODY = fileURLToPath(new URL('../../examples/nbody/job.yaml', import.meta.url))
/** Simulated time in which all must have ended. */
const LIMIT_MS = 300_000
/** After the end: what was sent last is mined. */
const AFTER_MS = 3_000
/** Tries of the person who submits the job. */
const SUBMITS_MAX = 6
const SUBMIT_AGAIN_MS = 5_000

const JOB = {
  'task.args': ['--bodies', '8', '--steps', '60', '--every', '15'],
  count: 2,
  'limits.wall': '10s',
  'limits.gas': '1e9',
  deadline: '3m',
  'match.window': '1s',
  'match.bids': 3
}

const provider = (ask: string): ConfigInput => ({
  profile: 'full',
  chain: { poll: '1s' },
  provider: { slots: 1, ask },
  wallet: { autoDeposit: '2' }
})

/** Simulated time between two steps of a task: the first provider is still busy when the other one's shard is handed over. */
const STEP_MS: Record<Side | 'mortal', number> = { requester: 0, provider: 700, mortal: 200, successor: 200 }
/** By price: the first two get a shard each, the third takes over. */
const SEATS: Record<Side | 'mortal', ConfigInput> = {
  requester: { profile: 'light', chain: { poll: '1s' }, lease: '3s', wallet: { autoDeposit: '20' } },
  provider: provider('0.0002'),
  mortal: provider('0.0003'),
  successor: provider('0.0004')
}

export interface Outcome extends Verdict {
  /** What the call at the point was; undefined when the run did not come to it. */
  readonly hit: string | undefined
  readonly readyMs: number
  readonly wallMs: number
  readonly lines: readonly string[]
}

/** One anvil, used for one run after another. */
export class Stage {
  readonly #chain: SimChain
  readonly #seats: Record<Side | 'mortal', Seat>
  readonly #job: string
  /** The results of a run in which nothing went wrong. */
  #expected: string | undefined

  private constructor(chain: SimChain, seats: Record<Side | 'mortal', Seat>, job: string) {
    this.#chain = chain
    this.#seats = seats
    this.#job = job
  }

  static async open(): Promise<Stage> {
    const random = seededRandom(7)
    const seats = Object.fromEntries(
      Object.entries(SEATS).map(([name, config]) => [
        name,
        seatOf(name, random, config, STEP_MS[name as Side])
      ])
    ) as Record<Side | 'mortal', Seat>
    const accounts = Object.values(seats).map(s => ({ address: s.operator, tokens: parseAmount('100') }))
    return new Stage(await startSimChain(accounts), seats, await readFile(NBODY, 'utf8'))
  }

  close = (): Promise<void> => this.#chain.stop()

  /** The calls of every side in a run in which nothing goes wrong; its results are what all others are held to. */
  async record(): Promise<{ calls: Record<Side, readonly Call[]>; outcome: Outcome }> {
    const run = await this.#play(undefined)
    if (run.outcome.problems.length === 0) this.#expected = run.outcome.results
    const calls = Object.fromEntries(run.sides.map(([side, slot]) => [side, slot.first.calls]))
    return { calls: calls as unknown as Record<Side, readonly Call[]>, outcome: run.outcome }
  }

  /** `plant`: with a fault in the faulted peer itself, which must be found. */
  async run(point: Point, plant = false): Promise<Outcome> {
    return (await this.#play(point, plant)).outcome
  }

  async #play(point: Point | undefined, plant = false) {
    const begun = performance.now()
    await this.#chain.reset()
    const folder = await mkdtemp(join(tmpdir(), 'shoal-crash-'))
    const busy = new Busy()
    const clock = new JumpingClock(busy, (this.#chain.begins + 2) * 1000)
    const served = this.#chain.serve(clock, busy)
    const random = seededRandom(11)
    const { network } = this.#chain
    const scene: Scene = {
      clock,
      busy,
      hub: new Hub(),
      transport: served.transport,
      network,
      random,
      late: plant ? point?.side : undefined
    }
    const slot = (side: Side | 'mortal') =>
      new Slot(scene, this.#seats[side], join(folder, side), point?.side === side ? point : undefined)
    const slots = {
      requester: slot('requester'),
      provider: slot('provider'),
      mortal: slot('mortal'),
      successor: slot('successor')
    }
    const before = await balances(this.#chain, Object.values(this.#seats))
    clock.start()
    const drama = new Drama(scene, slots, this.#job, join(folder, 'out'))
    try {
      const ended = await drama.play()
      await Promise.all(Object.values(slots).map(s => s.stop()))
      const faulted = slots[point?.side ?? 'requester']
      const expected = this.#expected
      const pinsMayStay = point !== undefined && groupOf(point.mode) === 'failed'
      const verdict = await judge({
        ...{ chain: this.#chain, slots, before, ended, out: drama.out, expected, pinsMayStay }
      })
      const wallMs = Math.round(performance.now() - begun)
      const readyMs = Math.max(0, ...faulted.readyMs)
      const outcome = { ...verdict, hit: faulted.first.hit, readyMs, wallMs, lines: drama.lines() }
      const { mortal: _, ...sides } = slots
      return { outcome, sides: Object.entries(sides) as [Side, Slot][] }
    } finally {
      served.stop()
      await clock.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export type Slots = Readonly<Record<Side | 'mortal', Slot>>

/** What happens in one run, from the first start to the end of the job. */
class Drama {
  readonly out: string
  readonly #scene: Scene
  readonly #slots: Slots
  readonly #job: string
  readonly #story: string[] = []

  constructor(scene: Scene, slots: Slots, job: string, out: string) {
    this.#scene = scene
    this.#slots = slots
    this.#job = job
    this.out = out
  }

  /** False when it did not end in time. */
  async play(): Promise<boolean> {
    const { clock } = this.#scene
    const { requester, provider, mortal, successor } = this.#slots
    for (const s of [provider, successor]) s.start()
    mortal.start(true)
    await clock.sleep(1_500)
    requester.start()
    const until = clock.monotonic() + LIMIT_MS
    const submitting = this.#submit(until)
    while (clock.monotonic() < until) {
      await clock.sleep(100)
      const serving = mortal.peer?.provider?.flow.live ?? []
      if (serving.some(e => e.receipt !== undefined)) await mortal.life.die()
      if (await this.#isOver()) break
    }
    await submitting
    const ended = clock.monotonic() < until
    await clock.sleep(AFTER_MS)
    return ended
  }

  /** What the person does: submits until the job is in the books. */
  async #submit(until: number): Promise<void> {
    const { clock } = this.#scene
    const { requester } = this.#slots
    for (let tries = 0; tries < SUBMITS_MAX && clock.monotonic() < until;) {
      await clock.sleep(200)
      const jobs = await requester.ask(p => p.ctx.journal.jobs())
      if (jobs === undefined) continue
      if (jobs.length > 0) return
      tries++
      try {
        await requester.ask(p => this.#submitOnce(p))
      } catch (e) {
        this.#story.push(`submit refused: ${(e as Error).message}`)
        await clock.sleep(SUBMIT_AGAIN_MS)
      }
    }
  }

  #submitOnce = async (peer: Parameters<typeof createService>[0]): Promise<void> => {
    await createService(peer).submit({
      file: this.#job,
      path: NBODY,
      folder: join(NBODY, '..'),
      overrides: JOB,
      out: this.out,
      deliverMargin: 12,
      challengeSeconds: 5,
      probe: false
    })
  }

  /** The job has ended and nobody who is up waits for money any more. */
  async #isOver(): Promise<boolean> {
    const { requester, provider, successor } = this.#slots
    const jobs = await requester.ask(p => p.ctx.journal.jobs())
    if (jobs === undefined || jobs.length === 0) return false
    if (jobs.some(j => !isTerminal(jobTable, j.state))) return false
    return [provider, successor].every(s => s.peer !== undefined && s.peer.provider?.flow.live.length === 0)
  }

  lines(): string[] {
    const all = Object.entries(this.#slots).flatMap(([name, s]) => s.lines.map(l => `${name}: ${l}`))
    return [...this.#story, ...all]
  }
}
