/** Plays one trouble at one moment of a job and measures how long it takes until everything is in order again. */
import { Person, type JobChanges } from '../crash/cast.ts'
import type { Theatre } from '../crash/theatre.ts'
import { isOver, linesOf, type Show, type Slots } from '../crash/theatre.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import { ChainBooks, type AccountBooks } from './accounts.ts'
import { Troubled } from './rpcs.ts'
import type { Moment, Scene } from './scenes.ts'

/** Simulated time after the trouble in which all must have ended. */
const LIMIT_MS = 400_000
const LOOK_MS = 100
/** What the person takes out of the vault. */
const WITHDRAWAL = parseAmount('0.5')
/** From a command that failed to the same command again. */
const AGAIN_MS = 3_000
const TRIES_MAX = 20

export interface TroubleResult {
  readonly scene: string
  readonly moment: Moment
  readonly problems: readonly string[]
  /** Simulated seconds from the end of the trouble until the job and all its money had ended. */
  readonly reconciledS: number
  /** How soon it had to be so; the usual time when absent. */
  readonly inOrderS: number | undefined
  readonly summary: string
  /** Calls to the contracts, and the transactions that they took. */
  readonly calls: number
  readonly transactions: number
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
  books: AccountBooks | undefined
  readonly #problems: string[] = []
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
    const books = await ChainBooks.open(chain.raw)
    const parts = { rpc: this.#rpc(), chain, clock, kept }
    await this.#scene.begin(parts)
    const withdrawing = this.#scene.withdraws === true ? this.#withdraw(show) : Promise.resolve()
    await clock.sleep(this.#scene.seconds * 1000)
    await this.#scene.end(parts)
    await submitting
    requester.lines.push(...person.story)
    const ended = await this.#awaitEnd(show, Object.values(sellers))
    await withdrawing
    await this.#close(books, slots)
    return ended
  }

  /** The command is given again until it ends well; who is told of an end has one withdrawal. */
  async #withdraw({ slots, clock }: Show): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      try {
        await slots.requester.ask(p => p.ctx.settlement.withdraw(WITHDRAWAL))
        return
      } catch (e) {
        slots.requester.lines.push(`the withdrawal failed: ${(e as Error).message}`)
        await clock.sleep(AGAIN_MS)
      }
    }
    this.#problems.push('the withdrawal never ended')
  }

  /** Nothing is paid twice, and nothing costs more than it may. */
  async #close(open: ChainBooks, slots: Slots): Promise<void> {
    const seats = Object.values(slots).map(s => ({ name: s.seat.name, address: s.seat.operator }))
    this.books = await open.close(seats)
    this.#problems.push(...this.books.problems)
    const wanted = this.#scene.withdraws === true ? 1 : 0
    for (const [name, n] of this.books.withdrawals) {
      const due = name === 'requester' ? wanted : 0
      if (n !== due) this.#problems.push(`${name}: ${n} withdrawals were made, ${due} wanted`)
    }
  }

  get problems(): readonly string[] {
    return this.#problems
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
    confirmations: scene.confirmations,
    rpc: (real, clock) => (rpc = new Troubled(real, clock))
  })
  return {
    ...{ scene: scene.name, moment, inOrderS: scene.inOrderS, summary: verdict.summary, wallMs },
    ...{ calls: play.books?.calls ?? 0, transactions: play.books?.transactions ?? 0 },
    problems: [...verdict.problems, ...play.problems],
    reconciledS: Math.round(play.reconciledMs / 100) / 10,
    lines: [...linesOf(slots), ...verdict.history]
  }
}
