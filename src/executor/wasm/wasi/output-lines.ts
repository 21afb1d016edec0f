import { TaskStop } from './stop.ts'

/** A longer line is cut here; the rest up to its end is dropped. */
export const MAX_LINE_BYTES = 8192
/** Of a progress line's note, in characters. */
export const MAX_NOTE = 200

export interface LineSink {
  log(stream: 'out' | 'err', line: string): void
  progress(fraction: number, note: string | undefined): void
}

/** Bytes that a task may still write to both streams; past it the task stops with the limit `log`. */
export class LogBudget {
  readonly #max: number
  #used = 0

  constructor(max: number) {
    this.#max = max
  }

  use(n: number): void {
    this.#used += n
    if (this.#used > this.#max)
      throw new TaskStop('log', `the task wrote more than ${this.#max} bytes of log`)
  }
}

/** A line that is a JSON object with `progress` from 0 to 1. */
function parseProgress(line: string): { fraction: number; note: string | undefined } | undefined {
  if (!line.startsWith('{') || !line.includes('"progress"')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('progress' in value)) return undefined
    const fraction = value.progress
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) return undefined
    const note = 'note' in value && typeof value.note === 'string' ? value.note.slice(0, MAX_NOTE) : undefined
    return { fraction, note }
  } catch (e) {
    if (e instanceof SyntaxError) return undefined // not JSON: an ordinary line
    throw e
  }
}

/** Cuts one stream into lines. The text stays as hostile as it came. */
export class OutputLines {
  readonly #stream: 'out' | 'err'
  readonly #budget: LogBudget
  readonly #sink: LineSink
  readonly #line = new Uint8Array(MAX_LINE_BYTES)
  #length = 0

  constructor(stream: 'out' | 'err', budget: LogBudget, sink: LineSink) {
    this.#stream = stream
    this.#budget = budget
    this.#sink = sink
  }

  write(data: Uint8Array): void {
    this.#budget.use(data.length)
    let from = 0
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
      this.#append(data.subarray(from, end))
      this.#emit()
      from = end + 1
    }
    this.#append(data.subarray(from))
  }

  /** Sends a last line that has no end. */
  flush(): void {
    if (this.#length > 0) this.#emit()
  }

  #append(part: Uint8Array): void {
    const fits = part.subarray(0, MAX_LINE_BYTES - this.#length)
    this.#line.set(fits, this.#length)
    this.#length += fits.length
  }

  #emit(): void {
    const text = new TextDecoder().decode(this.#line.subarray(0, this.#length))
    this.#length = 0
    const progress = this.#stream === 'out' ? parseProgress(text) : undefined
    if (progress === undefined) this.#sink.log(this.#stream, text)
    else this.#sink.progress(progress.fraction, progress.note)
  }
}
