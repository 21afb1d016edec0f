/** A peer to talk to: the one that runs on this home, or one started here for as long as the command lasts. */
import { connectToPeer, type ApiClient } from '../api/adapters/client.ts'
import type { Peer } from '../peer/compose.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import type { Cli } from './context.ts'
import { open, type HomeFlags } from './home.ts'

export interface Session {
  readonly client: ApiClient
  readonly home: OpenedHome
  /** Set when the peer lives in this process. */
  readonly own?: Peer
  close(): Promise<void>
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
  const client = await connectToPeer(cli.files, home.layout.api)
  if (client !== undefined) return { client, home, close: async () => undefined }
  return await start(home)
}

/** The running peer of this home, else a light one of our own. */
export const session = (cli: Cli, flags: HomeFlags, signal: AbortSignal): Promise<Session> =>
  runningOr(cli, flags, signal, async home => {
    const { startOwn } = await import('./own-peer.ts')
    return await startOwn(cli, flags, home, signal)
  })
