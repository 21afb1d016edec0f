/** A seat at another process's peer: as long as it is held, a peer that a command has started does not end with that command. */
import type { ApiClient } from '../api/adapters/client.ts'
import { ShoalError } from '../protocol/errors.ts'
import { linked } from '../protocol/signals.ts'
import type { Cli } from './context.ts'

/** Takes a seat; returns how to leave it. API_UNREACHABLE when the peer is ending. */
export async function takeSeat(
  cli: Cli,
  client: ApiClient,
  signal: AbortSignal
): Promise<() => Promise<void>> {
  // not ended by Ctrl-C: after it the money is waited for
  signal.throwIfAborted()
  const stay = linked()
  const path = `/v1/guests?what=${cli.commandName}&pid=${process.pid}`
  const lines = client.lines<{ kind: string }>(path, stay.signal)[Symbol.asyncIterator]()
  const first = await lines.next()
  if (first.done === true) throw new ShoalError('API_UNREACHABLE', 'the peer of this home is ending')
  const held = (async () => {
    while ((await lines.next()).done !== true);
  })().catch(() => undefined) // a peer that goes away is noticed by whoever asks it
  return async () => {
    stay.abort(new ShoalError('CANCELLED', 'the command is done'))
    await held
  }
}
