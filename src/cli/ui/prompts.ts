/** Questions to a person; only called when there is one. */
import { createInterface } from 'node:readline/promises'
import { isCancel, password } from '@clack/prompts'
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

/** `[y/N]`: false on anything but a clear yes. CANCELLED when interrupted. */
export async function askYes(message: string, signal?: AbortSignal): Promise<boolean> {
  // not a terminal to readline: then Ctrl-C stays a signal, as everywhere else
  const asker = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    // the end of input (Ctrl-D) is no answer
    const ended = new Promise<string>(resolve => asker.once('close', () => resolve('')))
    const asked = asker.question(`${message} [y/N] `, signal === undefined ? {} : { signal })
    const answer = await Promise.race([asked, ended])
    return /^\s*(y|yes)\s*$/i.test(answer)
  } catch (e) {
    if (signal?.aborted === true) return interrupted()
    throw e
  } finally {
    asker.close()
  }
}
