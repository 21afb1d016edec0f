/** Workers in processes of their own; one that breaks or hangs costs its point and is replaced. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromWorker, ToWorker } from './messages.ts'
import type { Point } from './points.ts'
import type { Outcome } from './scenario.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
/** No point takes this long, ms: its worker hangs. */
const POINT_MS = 90_000
/** Output of a worker that is kept for the report of its end. */
const OUTPUT_MAX = 4_000

export interface Result {
  readonly point: Point
  readonly outcome: Outcome
}

const broken = (why: string): Outcome => ({
  ...{ problems: [why], job: 'unknown', summary: '', results: '', history: [], hit: undefined },
  ...{ readyMs: 0, wallMs: 0, lines: [] }
})

class Worker {
  readonly #child: ChildProcess
  readonly #ready: Promise<void>
  #output = ''
  #answer: ((outcome: Outcome) => void) | undefined

  constructor() {
    this.#child = fork(WORKER, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    for (const from of [this.#child.stdout, this.#child.stderr])
      from?.on('data', (c: Buffer) => void (this.#output = (this.#output + String(c)).slice(-OUTPUT_MAX)))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#ready = promise
    promise.catch(() => undefined) // `run` reports it
    this.#child.on('message', (m: FromWorker) => (m === 'ready' ? resolve() : this.#answer?.(m.outcome)))
    this.#child.once('exit', code => {
      const why = `the worker ended with code ${code}: ${this.#output}`
      reject(new Error(why))
      this.#answer?.(broken(why))
    })
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async run(point: Point): Promise<Outcome> {
    try {
      await this.#ready
    } catch (e) {
      return broken((e as Error).message)
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#answer = resolve
    const timer = setTimeout(() => {
      resolve(broken(`no end within ${POINT_MS} ms: ${this.#output}`))
      this.#child.kill('SIGKILL')
    }, POINT_MS)
    this.#child.send({ point } satisfies ToWorker)
    const outcome = await promise
    clearTimeout(timer)
    return outcome
  }

  async stop(): Promise<void> {
    if (!this.alive) return
    const gone = new Promise(resolve => this.#child.once('exit', resolve))
    if (this.#child.connected) this.#child.disconnect()
    await gone
  }
}

export interface CrewOptions {
  readonly workers: number
  /** No new point begins after this. */
  readonly signal: AbortSignal
  readonly onResult: (r: Result) => void
}

/** Runs points in their order until all are run or the signal aborts. */
export async function runCrew(points: readonly Point[], o: CrewOptions): Promise<Result[]> {
  const results: Result[] = []
  const queue = [...points]
  const work = async (): Promise<void> => {
    let worker = new Worker()
    try {
      for (let point = queue.shift(); point !== undefined && !o.signal.aborted; point = queue.shift()) {
        if (!worker.alive) worker = new Worker()
        const result = { point, outcome: await worker.run(point) }
        if (o.signal.aborted && result.outcome.problems.length > 0) return
        results.push(result)
        o.onResult(result)
      }
    } finally {
      await worker.stop()
    }
  }
  await Promise.all(Array.from({ length: Math.min(o.workers, points.length) }, work))
  return results
}
