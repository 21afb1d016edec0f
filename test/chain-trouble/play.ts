/** Plays one trouble at one moment of a job and measures how long it takes until everything is in order again. */
import { Person, type JobChanges } from '../crash/cast.ts'
import type { Theatre } from '../crash/theatre.ts'
import { isOver, linesOf, type Show, type Slots } from '../crash/theatre.ts'
import { Troubled } from './rpcs.ts'
import type { Moment, Scene } from './scenes.ts'

/** Simulated time after the trouble in which all must have ended. */
const LIMIT_MS = 400_000
const LOOK_MS = 100

export interface TroubleResult {
  readonly scene: string
  readonly moment: Moment
  readonly problems: readonly string[]
  /** Simulated seconds from the end of the trouble until the job and all its money had ended. */
  readonly reconciledS: number
  readonly summary: string
  readonly wallMs: number
  readonly lines: readonly string[]
}

/** The job outlives any trouble. */
const JOB: JobChanges = { overrides: { deadline: '40m' } }

const runningOf = (slots: Slots): number =>
  [slots.provider, slots.mortal, slots.successor].reduce(
    (n, s) => n + (s.peer?.provider?.flow.live.filter(e => e.state === 'started').length ?? 0),
    0
  )

async function reached({ slots }: Show, moment: Moment): Promise<boolean> {
  const jobs = await slots.requester.ask(p => p.ctx.journal.jobs())
  const [job] = jobs ?? []
  if (job === undefined) return false
  if (moment === 'matching') return job.rounds > 0
  if (moment === 'running') return runningOf(slots) === 2
  const executions = (await slots.requester.ask(p => p.ctx.journal.executions(job.id))) ?? []
  return executions.some(e => e.fetched)
}

class Play {
  reconciledMs = Infinity
  readonly #scene: Scene
  readonly #moment: Moment
  readonly #rpc: () => Troubled

  constructor(scene: Scene, moment: Moment, rpc: () => Troubled) {
    this.#scene = scene
    this.#moment = moment
    this.#rpc = rpc
  }

  /** False when it did not end in time. */
  readonly play = async (show: Show): Promise<boolean> => {
    const { clock, slots, chain, out } = show
    const { requester, ...sellers } = slots
    for (const s of Object.values(sellers)) s.start()
    await clock.sleep(3_000)
    requester.start()
    await clock.sleep(2_000)
    const kept = await this.#scene.prepare?.(chain)
    const person = new Person(clock, requester, out, JOB)
    const submitting = person.submit(clock.monotonic() + LIMIT_MS)
    while (!(await reached(show, this.#moment))) await clock.sleep(LOOK_MS)
    const parts = { rpc: this.#rpc(), chain, clock, kept }
    await this.#scene.begin(parts)
    await clock.sleep(this.#scene.seconds * 1000)
    await this.#scene.end(parts)
    await submitting
    requester.lines.push(...person.story)
    return await this.#awaitEnd(show, Object.values(sellers))
  }

  async #awaitEnd({ clock, slots }: Show, sellers: Show['slots']['provider'][]): Promise<boolean> {
    const begun = clock.monotonic()
    while (clock.monotonic() < begun + LIMIT_MS) {
      if (await isOver(slots, sellers)) {
        this.reconciledMs = clock.monotonic() - begun
        await clock.sleep(5_000)
        return true
      }
      await clock.sleep(LOOK_MS)
    }
    return false
  }
}

export async function playTrouble(theatre: Theatre, scene: Scene, moment: Moment): Promise<TroubleResult> {
  let rpc: Troubled | undefined
  const play = new Play(scene, moment, () => rpc as Troubled)
  const { verdict, slots, wallMs } = await theatre.show({
    play: play.play,
    rpc: (real, clock) => (rpc = new Troubled(real, clock))
  })
  return {
    ...{ scene: scene.name, moment, problems: verdict.problems, summary: verdict.summary, wallMs },
    reconciledS: Math.round(play.reconciledMs / 100) / 10,
    lines: [...linesOf(slots), ...verdict.history]
  }
}
