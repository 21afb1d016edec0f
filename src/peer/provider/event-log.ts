/** What happened in one execution, for a requester that may come and go: bounded, numbered, followed live. */
import type { ExecutionEvent } from '../../protocol/records/events.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { Waiter } from '../waiter.ts'

/** Events kept; log lines and progress are dropped first, so a slow requester loses text, never a checkpoint or result. */
const EVENTS_MAX = 2_048
/** Sign of life while nothing happens, ms: a third of the shortest lease. */
const HEARTBEAT_MS = 1_500

type Body<E> = E extends ExecutionEvent ? Omit<E, 'seq' | 'at'> : never
export type EventBody = Body<Exclude<ExecutionEvent, { kind: 'heartbeat' }>>

const FINAL = new Set<ExecutionEvent['kind']>(['result', 'task-failed', 'failed'])
const DROPPABLE = new Set<ExecutionEvent['kind']>(['log', 'progress'])

export class EventLog {
  readonly #clock: Clock
  #events: ExecutionEvent[] = []
  #seq: number
  #progress = 0
  readonly #waiter: Waiter

  /** `start` counts how often the execution was begun on this peer: numbers rise over restarts. */
  constructor(clock: Clock, start: number) {
    this.#clock = clock
    this.#waiter = new Waiter(clock)
    this.#seq = start * 2 ** 32
  }

  add(body: EventBody): void {
    const event = { ...body, seq: ++this.#seq, at: this.#clock.now() } as ExecutionEvent
    if (event.kind === 'progress') this.#progress = event.progress
    this.#events.push(event)
    if (this.#events.length > EVENTS_MAX) this.#drop()
    this.#waiter.wake()
  }

  #drop(): void {
    const i = this.#events.findIndex(e => DROPPABLE.has(e.kind))
    this.#events.splice(Math.max(0, i), 1)
  }

  get ended(): boolean {
    return FINAL.has(this.#events.at(-1)?.kind ?? 'running')
  }

  /** Events after `after`, then new ones as they come, with heartbeats between; ends after a final event or with the signal. */
  async *follow(after: number, signal: AbortSignal): AsyncIterable<ExecutionEvent> {
    let at = after
    while (!signal.aborted) {
      const next = this.#events.find(e => e.seq > at)
      if (next !== undefined) {
        at = next.seq
        yield next
        if (FINAL.has(next.kind)) return
        continue
      }
      if (this.ended) return
      if (await this.#waiter.pause(HEARTBEAT_MS, signal))
        yield { kind: 'heartbeat', seq: this.#seq, at: this.#clock.now(), progress: this.#progress }
    }
  }
}
