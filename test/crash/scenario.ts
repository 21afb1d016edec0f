/** A job of two shards on real peers: one provider disappears, its shard is handed over from a checkpoint, its escrow is refunded. */
import { Person } from './cast.ts'
import type { Verdict } from './judge.ts'
import type { Call, Point, Side } from './points.ts'
import { isOver, linesOf, Theatre, type Show } from './theatre.ts'

/** Simulated time in which all must have ended. */
const LIMIT_MS = 300_000
/** After the end: what was sent last is mined. */
const AFTER_MS = 3_000
/** How often the scene is looked at, simulated ms. */
const LOOK_MS = 100

export interface Outcome extends Verdict {
  /** What the call at the point was; undefined when the run did not come to it. */
  readonly hit: string | undefined
  readonly readyMs: number
  readonly wallMs: number
  readonly lines: readonly string[]
}

/** False when it did not end in time. */
async function play({ clock, slots, out }: Show): Promise<boolean> {
  const { requester, provider, mortal, successor } = slots
  for (const s of [provider, successor]) s.start()
  mortal.start(true)
  await clock.sleep(1_500)
  requester.start()
  const until = clock.monotonic() + LIMIT_MS
  const person = new Person(clock, requester, out, {})
  const submitting = person.submit(until)
  while (clock.monotonic() < until) {
    await clock.sleep(LOOK_MS)
    const serving = mortal.peer?.provider?.flow.live ?? []
    if (serving.some(e => e.receipt !== undefined)) await mortal.life.die()
    if (await isOver(slots, [provider, successor])) break
  }
  await submitting
  const ended = clock.monotonic() < until
  requester.lines.push(...person.story)
  await clock.sleep(AFTER_MS)
  return ended
}

export class Stage {
  readonly #theatre: Theatre

  private constructor(theatre: Theatre) {
    this.#theatre = theatre
  }

  static open = async (): Promise<Stage> => new Stage(await Theatre.open())

  close = (): Promise<void> => this.#theatre.close()

  /** The calls of every side in a run in which nothing goes wrong; its results are what all others are held to. */
  async record(): Promise<{ calls: Record<Side, readonly Call[]>; outcome: Outcome }> {
    const { outcome, slots } = await this.#run(undefined, false)
    if (outcome.problems.length === 0) this.#theatre.expected = outcome.results
    const callsOf = (side: Side): readonly Call[] => slots[side].first.calls
    const calls = {
      requester: callsOf('requester'),
      provider: callsOf('provider'),
      successor: callsOf('successor')
    }
    return { calls, outcome }
  }

  /** `plant`: with a fault in the faulted peer itself, which must be found. */
  async run(point: Point, plant = false): Promise<Outcome> {
    return (await this.#run(point, plant)).outcome
  }

  async #run(point: Point | undefined, plant: boolean) {
    const late = plant ? point?.side : undefined
    const { verdict, slots, wallMs } = await this.#theatre.show({ point, late, play })
    const faulted = slots[point?.side ?? 'requester']
    const readyMs = Math.max(0, ...faulted.readyMs)
    const outcome: Outcome = {
      ...{ ...verdict, hit: faulted.first.hit, readyMs, wallMs },
      lines: [...linesOf(slots), ...verdict.history]
    }
    return { outcome, slots }
  }
}
