/** What an attack on the local API is: its try, and whether it got what it must not get. */
import type { Answer, Door } from './raw.ts'

export interface Target {
  readonly door: Door
  readonly token: string
  /** Name of the API as an honest client sends it: 127.0.0.1:PORT. */
  readonly host: string
  /** Home folder of the peer. */
  readonly home: string
  readonly pid: number
  /** Id of a job that has not ended: it has live streams. */
  readonly job: string
}

export interface Result {
  /** What was answered, in a few words. */
  readonly answered: string
  /** What the attacker has achieved; undefined when it was nothing. */
  readonly success: string | undefined
}

export interface ApiAttack {
  readonly name: string
  run(target: Target): Promise<Result>
}

/** A refusal is a status from 400 on, or a connection closed without any answer. */
export const refused = (a: Answer): Result => {
  const answered = a.status === 0 ? 'closed without an answer' : String(a.status)
  const success =
    a.status >= 400 || (a.status === 0 && a.closed)
      ? undefined
      : `answered ${a.status}: ${a.text.slice(0, 80)}`
  return { answered, success }
}
