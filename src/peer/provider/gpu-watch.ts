/** Looks at the GPUs now and again, while there are any: their figures stand in the status, and an unfit one may recover. */
import type { Clock, GpuKeeper, Logger, Startable } from '../../protocol/ports/index.ts'

const LOOK_MS = 30_000

export class GpuWatch implements Startable {
  readonly #clock: Clock
  readonly #gpus: GpuKeeper
  readonly #log: Logger
  #stop: AbortController | undefined
  #cancel = (): void => undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(clock: Clock, gpus: GpuKeeper, log: Logger) {
    this.#clock = clock
    this.#gpus = gpus
    this.#log = log
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#stop !== undefined) return
    signal?.throwIfAborted()
    this.#stop = new AbortController()
    await this.#look()
    this.#cancel = this.#clock.every(LOOK_MS, () => {
      // a machine without GPUs does not grow one
      if (this.#gpus.list().length > 0) this.#looking = this.#looking.then(() => this.#look())
    })
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#stop?.abort()
    await this.#looking
    this.#stop = undefined
  }

  async #look(): Promise<void> {
    const signal = this.#stop?.signal
    if (signal === undefined || signal.aborted) return
    try {
      await this.#gpus.refresh(signal)
    } catch (err) {
      if (!signal.aborted) this.#log.debug({ err }, 'the GPUs could not be looked at')
    }
  }
}
