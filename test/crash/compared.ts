/** A job in two copies whose results differ in their last bits: both are paid, whatever happens to the requester while it compares. */
import { fileURLToPath } from 'node:url'
import { formatNpy } from '../../src/executor/onnx/npy.ts'
import { bundleFromMap, oneChunk } from '../../src/protocol/bundle.ts'
import { ShoalError } from '../../src/protocol/errors.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { Engine, PreparedRun } from '../../src/protocol/ports/engine.ts'
import { Person, type Role } from './cast.ts'
import type { Call, Point } from './points.ts'
import type { Theatre } from './theatre.ts'
import { isOver, linesOf, type Played, type Show, type ShowOptions } from './theatre.ts'

const TRAIN = fileURLToPath(new URL('../../examples/onnx-digits/train.yaml', import.meta.url))
const LIMIT_MS = 120_000
const STEPS = 3
const VALUES = 1_000

/** Of one provider's weights, off by a share of the other's. */
const OFF = [0, 1e-7] as const

const weights = (off: number): Uint8Array =>
  formatNpy({
    dims: [VALUES],
    data: Float64Array.from({ length: VALUES }, (_, i) => Math.sin(i) * (1 + off))
  })

/** What the job may leave: one of the two results, whole. As the judge writes it down. */
export const results: readonly string[] = OFF.map(
  off => `/w.npy=${Buffer.from(weights(off)).toString('latin1')}`
)

/** In place of a runtime whose processor rounds otherwise. */
const roundingEngine =
  (off: number) =>
  (clock: Clock, stepMs: number): Engine => {
    const output = bundleFromMap(new Map([['w.npy', weights(off)]]))
    const prepare = async (): Promise<PreparedRun> => ({
      run: async (hooks, signal) => {
        for (let i = 1; i <= STEPS; i++) {
          await clock.sleep(stepMs, signal).catch(() => undefined)
          if (signal.aborted) throw new ShoalError('CANCELLED', 'the task was cancelled')
          hooks.onProgress(i / STEPS, undefined)
        }
        return { status: 'done', gas: 1_000n, wallMs: STEPS * stepMs }
      },
      hold: () => undefined,
      collect: () => oneChunk(output),
      dispose: async () => undefined
    })
    return {
      ...{ id: 'onnx', version: '1', deterministic: true, isolation: 'process', prepare },
      cost: outcome => outcome.gas,
      benchmark: async () => 1_000_000_000n
    }
  }

const seller = (off: number) => ({
  engine: roundingEngine(off),
  config: {
    profile: 'full' as const,
    chain: { poll: '1s' },
    provider: { slots: 1, ask: '0.0002', engines: ['onnx' as const] },
    wallet: { autoDeposit: '2' }
  }
})
/** The third one is not started. */
const SEATS: ShowOptions['seats'] = { provider: seller(OFF[0]), successor: seller(OFF[1]) } satisfies Partial<
  Record<Role, object>
>

const job = (rule: object) => ({
  file: TRAIN,
  overrides: {
    ...{ 'verify.tier': 'replicas', 'verify.copies': 2, 'verify.compare': rule },
    ...{ 'match.window': '1s', 'match.bids': 2, 'limits.wall': '10s', deadline: '90s' }
  }
})

const play =
  (rule: object) =>
  async ({ clock, slots, out }: Show): Promise<boolean> => {
    const { requester, provider, successor } = slots
    for (const s of [provider, successor]) s.start()
    await clock.sleep(1_500)
    requester.start()
    const until = clock.monotonic() + LIMIT_MS
    const submitting = new Person(clock, requester, out, job(rule)).submit(until)
    while (clock.monotonic() < until && !(await isOver(slots, [provider, successor]))) await clock.sleep(100)
    await submitting
    const ended = clock.monotonic() < until
    await clock.sleep(3_000)
    return ended
  }

export interface Compared extends Played {
  readonly calls: readonly Call[]
  readonly hit: string | undefined
  readonly lines: readonly string[]
}

/** One run; the requester meets what `point` says. */
export async function compareOnStage(theatre: Theatre, rule: object, point?: Point): Promise<Compared> {
  const played = await theatre.show({ point, seats: SEATS, copies: 2, play: play(rule) })
  const { calls, hit } = played.slots.requester.first
  return { ...played, calls, hit, lines: [...linesOf(played.slots), ...played.verdict.history] }
}
