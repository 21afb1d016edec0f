/** Who takes part: one buyer, three sellers, and the job that they are given. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createService } from '../../src/api/service.ts'
import type { ConfigInput } from '../../src/peer/home/config-schema.ts'
import type { Random } from '../../src/protocol/ports/random.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { Side } from './points.ts'
import { seatOf, type Seat, type Slot } from './slot.ts'

export type Role = Side | 'mortal'
export const roles = ['requester', 'provider', 'mortal', 'successor'] as const satisfies readonly Role[]

const NBODY = fileURLToPath(new URL('../../examples/nbody/job.yaml', import.meta.url))
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
const STEP_MS: Record<Role, number> = { requester: 0, provider: 700, mortal: 200, successor: 200 }
/** By price: the first two get a shard each, the third takes over. */
const CONFIG: Record<Role, ConfigInput> = {
  requester: { profile: 'light', chain: { poll: '1s' }, lease: '3s', wallet: { autoDeposit: '20' } },
  provider: provider('0.0002'),
  mortal: provider('0.0003'),
  successor: provider('0.0004')
}

export const castOf = (random: Random): Record<Role, Seat> => ({
  requester: seatOf('requester', random, CONFIG.requester, STEP_MS.requester),
  provider: seatOf('provider', random, CONFIG.provider, STEP_MS.provider),
  mortal: seatOf('mortal', random, CONFIG.mortal, STEP_MS.mortal),
  successor: seatOf('successor', random, CONFIG.successor, STEP_MS.successor)
})

/** What a job of this cast is like, where it differs from the usual one. */
export interface JobChanges {
  /** Another job file; then nothing of the usual job is taken. */
  readonly file?: string
  readonly overrides?: Readonly<Record<string, unknown>>
  readonly deliverMargin?: number
}

/** The person who wants the job done: submits until it is in the books. */
export class Person {
  readonly #clock: Clock
  readonly #slot: Slot
  readonly #out: string
  readonly #changes: JobChanges
  readonly story: string[] = []

  constructor(clock: Clock, slot: Slot, out: string, changes: JobChanges) {
    this.#clock = clock
    this.#slot = slot
    this.#out = out
    this.#changes = changes
  }

  /** `until`: monotonic ms. */
  async submit(until: number): Promise<void> {
    for (let tries = 0; tries < SUBMITS_MAX && this.#clock.monotonic() < until;) {
      await this.#clock.sleep(200)
      const jobs = await this.#slot.ask(p => p.ctx.journal.jobs())
      if (jobs === undefined) continue
      if (jobs.length > 0) return
      tries++
      try {
        await this.#slot.ask(p => this.#once(p))
      } catch (e) {
        this.story.push(`submit refused: ${(e as Error).message}`)
        await this.#clock.sleep(SUBMIT_AGAIN_MS)
      }
    }
  }

  #once = async (peer: Parameters<typeof createService>[0]): Promise<void> => {
    const { file = NBODY, overrides } = this.#changes
    await createService(peer).submit({
      file: await readFile(file, 'utf8'),
      path: file,
      folder: join(file, '..'),
      overrides: { ...(file === NBODY ? JOB : {}), ...overrides },
      out: this.#out,
      deliverMargin: this.#changes.deliverMargin ?? 12,
      challengeSeconds: 5,
      probe: false
    })
  }
}
