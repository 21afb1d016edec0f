/** One thing that must be so for the rest to work. */
export interface Finding {
  readonly name: string
  /** `note`: works, but a person may want to know. */
  readonly state: 'ok' | 'note' | 'bad'
  readonly said: string
  /** The exact command, or the sentence, that mends it. */
  readonly next?: string
  /** It is about keys or funds: exit code 4. */
  readonly funds?: boolean
}

export const ok = (name: string, said: string): Finding => ({ name, state: 'ok', said })
export const note = (name: string, said: string, next?: string): Finding => ({
  name,
  state: 'note',
  said,
  next
})
export const bad = (name: string, said: string, next: string, funds = false): Finding => ({
  name,
  state: 'bad',
  said,
  next,
  funds
})
