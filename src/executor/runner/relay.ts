/** Between a running task and its hooks: neither may hold up or flood the other. */
import type { Cancel, Clock } from '../../protocol/ports/clock.ts'
import type { RunHooks, TaskCheckpoint } from '../../protocol/ports/engine.ts'
import type { Logger } from '../../protocol/ports/log.ts'

/** Progress is passed on at most this often, in milliseconds: what a person can follow. */
export const PROGRESS_EVERY = 100

/** Passes progress on at a bounded rate; the newest is never lost. */
export class ProgressRelay {
  readonly #clock: Clock
  readonly #hooks: RunHooks
  #last = -Infinity
  #waiting: { fraction: number; note: string | undefined } | undefined
  #cancel: Cancel | undefined

  constructor(clock: Clock, hooks: RunHooks) {
    this.#clock = clock
    this.#hooks = hooks
  }

  offer(fraction: number, note: string | undefined): void {
    this.#waiting = { fraction, note }
    const wait = this.#last + PROGRESS_EVERY - this.#clock.monotonic()
    if (wait <= 0) this.flush()
    else this.#cancel ??= this.#clock.timer(wait, () => this.flush())
  }

  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const next = this.#waiting
    this.#waiting = undefined
    if (next === undefined) return
    this.#last = this.#clock.monotonic()
    this.#hooks.onProgress(next.fraction, next.note)
  }
}

/**
 * Hands checkpoints over one at a time. While one is in hand the task goes on; of those that come meanwhile only the newest is kept.
 * A hook that fails is logged and the task goes on: the next checkpoint is the next chance.
 */
export class CheckpointRelay {
  readonly #hooks: RunHooks
  readonly #log: Logger
  #sequence = 0
  #next: Omit<TaskCheckpoint, 'sequence'> | undefined
  #busy: Promise<void> | undefined

  constructor(hooks: RunHooks, log: Logger) {
    this.#hooks = hooks
    this.#log = log
  }

  offer(checkpoint: Omit<TaskCheckpoint, 'sequence'>): void {
    this.#next = checkpoint
    this.#busy ??= this.#drain()
  }

  /** Forgets what is not in hand yet. */
  drop(): void {
    this.#next = undefined
  }

  /** Resolves when nothing is in hand or kept. */
  async idle(): Promise<void> {
    await this.#busy
  }

  async #drain(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined
      try {
        await this.#hooks.onCheckpoint({ sequence: ++this.#sequence, ...next })
      } catch (e) {
        this.#log.warn({ error: e, sequence: this.#sequence }, 'a checkpoint could not be handed over')
      }
    }
    this.#busy = undefined
  }
}
