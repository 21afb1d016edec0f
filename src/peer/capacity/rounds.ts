/** Challenges other providers at random moments: nobody can get ready for one. */
import type { Clock, Logger, Random, Startable } from '../../protocol/ports/index.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import type { Challenger } from './challenger.ts'
import type { Task } from './exams/exam.ts'

export interface Target {
  readonly group: readonly PeerAddress[]
  /** One after the other: each wants the whole machine. */
  readonly tasks: readonly Task[]
}

export interface RoundParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly challenger: Pick<Challenger, 'challenge'>
  /** Whom to challenge now; undefined for nobody. */
  readonly target: (signal: AbortSignal) => Promise<Target | undefined>
  /** Mean time between two sessions, ms; 0 = never. */
  readonly everyMs: number
}

export class Rounds implements Startable {
  readonly #parts: RoundParts
  #stop: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(parts: RoundParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined || this.#parts.everyMs <= 0) return
    this.#stop = new AbortController()
    this.#running = this.#run(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop?.abort()
    await this.#running
    this.#stop = undefined
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, everyMs, log } = this.#parts
    while (!signal.aborted) {
      // waits that are exponential have no memory: the time since the last one tells nothing
      const wait = Math.min(4, -Math.log(1 - random.fraction())) * everyMs
      try {
        await clock.sleep(wait, signal)
        await this.#session(signal)
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'a round of challenges failed')
      }
    }
  }

  async #session(signal: AbortSignal): Promise<void> {
    const { challenger, log } = this.#parts
    const target = await this.#parts.target(signal)
    if (target === undefined) return
    for (const task of target.tasks) {
      const outcomes = await challenger.challenge(target.group, task, signal)
      for (const { peer, attestation, reason } of outcomes)
        log.info(
          { peer, ...task, score: attestation?.score, class: attestation?.class, reason },
          'challenged'
        )
      // who has no time for the first has none for the others
      if (task === target.tasks[0] && outcomes.every(o => o.attestation === undefined)) return
    }
  }
}
