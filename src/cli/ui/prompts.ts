/** Questions to a person; only called when there is one. */
import { confirm as ask, isCancel, password } from '@clack/prompts'
import { ShoalError } from '../../protocol/errors.ts'

const interrupted = (): never => {
  throw new ShoalError('CANCELLED', 'interrupted')
}

export async function askPassphrase(twice: boolean): Promise<string> {
  const first = await password({
    message: 'Passphrase for the keys',
    validate: v => ((v ?? '') === '' ? 'Write at least one character.' : undefined)
  })
  if (isCancel(first)) return interrupted()
  if (!twice) return first
  const second = await password({ message: 'Once more' })
  if (isCancel(second)) return interrupted()
  if (first !== second) throw new ShoalError('USAGE', 'the two passphrases differ', { next: 'Try again.' })
  return first
}

/** False on anything but a clear yes. */
export async function askYes(message: string): Promise<boolean> {
  const answer = await ask({ message, initialValue: false })
  return answer === true
}
