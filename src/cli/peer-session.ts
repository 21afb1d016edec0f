/** A peer to talk to: the one that runs on this home, or one started here for as long as the command, or anybody else, uses it. */
import { connectToPeer, type ApiClient } from '../api/adapters/client.ts'
import { isShoalError } from '../protocol/errors.ts'
import type { Peer } from '../peer/compose.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import type { Cli } from './context.ts'
import { open, type HomeFlags } from './home.ts'
import { takeSeat } from './seat.ts'

export interface Session {
  readonly client: ApiClient
  readonly home: OpenedHome
  /** Set when the peer lives in this process. */
  readonly own?: Peer
  close(): Promise<void>
}

/** A peer may end between its answer and our seat so often in a row before we give up. */
const TRIES = 5

/** A seat at the running peer of this home; undefined when none runs, or the one that did has just ended. */
export async function joinRunning(
  cli: Cli,
  home: OpenedHome,
  signal: AbortSignal
): Promise<(Session & { readonly pid: number }) | undefined> {
  for (let i = 0; i < TRIES; i++) {
    const client = await connectToPeer(cli.files, home.layout.api, home.keys.peer)
    if (client === undefined) return undefined
    try {
      return { client, home, pid: client.pid, close: await takeSeat(cli, client, signal) }
    } catch (e) {
      if (!isShoalError(e, 'API_UNREACHABLE')) throw e
    }
    await cli.clock.sleep(100, signal)
  }
  return undefined
}

/** The running peer of this home, else what `start` gives. */
export async function runningOr(
  cli: Cli,
  flags: HomeFlags,
  signal: AbortSignal,
  start: (home: OpenedHome) => Promise<Session>,
  config: ConfigInput = {}
): Promise<Session> {
  signal.throwIfAborted()
  const home = await open(cli, flags, { profile: 'light', ...config })
  return (await joinRunning(cli, home, signal)) ?? (await start(home))
}

/** The running peer of this home, else a light one of our own. */
export const session = (cli: Cli, flags: HomeFlags, signal: AbortSignal): Promise<Session> =>
  runningOr(cli, flags, signal, async home => {
    const { startOrJoin } = await import('./own-peer.ts')
    return await startOrJoin(cli, flags, home, signal)
  })
