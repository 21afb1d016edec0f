/** A whole peer in this process. Loads every room, so commands that only talk to a running peer import it on demand. */
import { apiClient } from '../api/adapters/client.ts'
import { startApi } from '../api/adapters/server.ts'
import { createService } from '../api/service.ts'
import { openLevelStore } from '../peer/adapters/level-store.ts'
import { createLogger } from '../peer/adapters/pino-logger.ts'
import { createPeer, type Peer } from '../peer/compose.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import { chainOf } from './chain-session.ts'
import type { Cli } from './context.ts'
import { secretsOf, type HomeFlags } from './home.ts'
import type { Session } from './peer-session.ts'
import { VERSION } from './version.ts'

/** Starts a whole peer in this process, API included. HOME_LOCKED when another one has the home. */
export async function startOwn(
  cli: Cli,
  flags: HomeFlags,
  home: OpenedHome,
  signal: AbortSignal
): Promise<Session & { own: Peer }> {
  const secrets = await secretsOf(cli, flags, home)
  const log = createLogger({ level: home.config.log.level, file: home.layout.log })
  // the lock comes first: a second peer must not start a second chain
  const store = await openLevelStore(home.layout.journal)
  const undo: (() => Promise<void>)[] = [async () => log.close(), () => store.close()]
  const close = async (): Promise<void> => {
    for (const f of undo.reverse().splice(0)) await f()
  }
  try {
    const chain = await chainOf(cli, home, secrets, log, signal)
    undo.push(chain.stop)
    const { clock, random, files } = cli
    const peer = await createPeer({
      clock,
      random,
      files,
      log,
      config: home.config,
      reload: home.reload,
      home: home.layout,
      secrets,
      rpcUrl: chain.rpcUrl,
      chain: chain.network,
      openStore: async () => store
    })
    undo[1] = async () => undefined // the peer closes the store now
    undo.push(() => peer.stop())
    await peer.start(signal)
    const api = await startApi({
      service: createService(peer),
      port: home.config.api.port,
      file: home.layout.api,
      files,
      random,
      version: VERSION
    })
    undo.push(api.stop)
    return { client: apiClient(api.url, api.token), home, own: peer, close }
  } catch (e) {
    await close()
    throw e
  }
}
