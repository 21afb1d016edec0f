/** Faults that no forge test notices, each with the reason why it may stay so. A survivor that is not here fails the run. */
import type { Fault } from './worker.ts'

export interface Explained {
  readonly file: string
  /** Its line in the source, without blanks around it; `text` to `by` is the change in it. */
  readonly source: string
  readonly text: string
  readonly by: string
  readonly why: string
}

export const explained: readonly Explained[] = []

/** Why a survivor may live; undefined when nobody has said so. */
export const reasonFor = (f: Fault): string | undefined =>
  explained.find(e => e.file === f.file && e.source === f.source && e.text === f.text && e.by === f.by)?.why
