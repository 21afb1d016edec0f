/**
 * Runners that have done a task and wait for another one of the same job: they hold its compiled module, so the next shard begins
 * without a start and without the compiler. Never handed to another job: what a task may have done to its runner meets its own job alone.
 */
import type { Cancel, Clock } from '../../protocol/ports/clock.ts'
import type { RunnerLink } from './link.ts'

/** Kept at the same time; each holds a compiled module and Node, some 50 MiB and more. */
const MAX_KEPT = 2
/** How long one waits for the next task of its job, ms: agreeing on a shard and fetching its input takes a second or two. */
const KEEP_MS = 10_000

export interface RunnerKey {
  /** The requester and its job. */
  readonly job: string
  /** What is compiled in the runner. */
  readonly program: string
}

interface Kept {
  readonly key: RunnerKey
  readonly link: RunnerLink
  readonly cancel: Cancel
}

export class KeptRunners {
  readonly #clock: Clock
  readonly #kept: Kept[] = []
  readonly #closing = new Set<Promise<void>>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a runner that is done with a task; the oldest gives way. */
  async put(key: RunnerKey, link: RunnerLink): Promise<void> {
    if (this.#closed || !link.alive) return await link.close()
    link.served()
    const kept = { key, link, cancel: this.#clock.timer(KEEP_MS, () => this.#drop(kept)) }
    this.#kept.push(kept)
    const [oldest] = this.#kept
    if (this.#kept.length > MAX_KEPT && oldest !== undefined) this.#drop(oldest)
  }

  /** One that has run this very module for this very job; undefined when none waits. */
  take(key: RunnerKey | undefined): RunnerLink | undefined {
    const fitting = this.#kept.filter(k => k.key.job === key?.job && k.key.program === key.program)
    for (const kept of fitting) {
      if (kept.link.alive) return this.#remove(kept).link
      this.#drop(kept)
    }
    return undefined
  }

  /** True when one waits for the next task of this job. */
  has(job: string): boolean {
    return this.#kept.some(k => k.key.job === job)
  }

  /** Ends those that wait. Harmless twice. */
  async close(): Promise<void> {
    this.#closed = true
    for (const kept of [...this.#kept]) this.#drop(kept)
    await Promise.all(this.#closing)
  }

  #remove(kept: Kept): Kept {
    const i = this.#kept.indexOf(kept)
    if (i >= 0) this.#kept.splice(i, 1)
    kept.cancel()
    return kept
  }

  #drop(kept: Kept): void {
    const closing = this.#remove(kept).link.close()
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}
