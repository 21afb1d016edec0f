/** Runners that were started ahead of their task and have run nothing yet. */
import type { Cancel, Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { RunnerLink } from './link.ts'

/** Waiting runners at the same time; each holds about 45 MiB. */
const MAX_WARM = 2
/** How long one waits for a task that does not come, ms: escrows open in a second or two where blocks come at once. */
const KEEP_MS = 10_000

interface Warm {
  readonly link: Promise<RunnerLink>
  readonly cancel: Cancel
}

export class WarmRunners {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #start: (signal: AbortSignal | undefined) => Promise<RunnerLink>
  readonly #waiting: Warm[] = []
  readonly #closing = new Set<Promise<void>>()
  #closed = false

  constructor(clock: Clock, log: Logger, start: (signal: AbortSignal | undefined) => Promise<RunnerLink>) {
    this.#clock = clock
    this.#log = log
    this.#start = start
  }

  /** Starts one for a task that is about to come. */
  warm(): void {
    if (this.#closed || this.#waiting.length >= MAX_WARM) return
    const link = this.#start(undefined)
    link.catch(() => undefined) // who takes it hears of it
    const warm = { link, cancel: this.#clock.timer(KEEP_MS, () => this.#drop(warm)) }
    this.#waiting.push(warm)
  }

  /** The one that waits longest, else a fresh one. Errors of the start. */
  async take(signal: AbortSignal): Promise<RunnerLink> {
    for (let warm = this.#waiting.shift(); warm !== undefined; warm = this.#waiting.shift()) {
      warm.cancel()
      const link = await warm.link.catch(err => {
        this.#log.warn({ err }, 'a runner could not be started ahead of its task')
        return undefined
      })
      if (link?.alive === true) return link
      await link?.close()
    }
    return await this.#start(signal)
  }

  /** Ends those that wait. Harmless twice. */
  async close(): Promise<void> {
    this.#closed = true
    for (const warm of [...this.#waiting]) this.#drop(warm)
    await Promise.all(this.#closing)
  }

  #drop(warm: Warm): void {
    const i = this.#waiting.indexOf(warm)
    if (i < 0) return
    this.#waiting.splice(i, 1)
    warm.cancel()
    const closing = warm.link.then(
      link => link.close(),
      () => undefined
    )
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}
