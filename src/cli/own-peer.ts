/** A whole peer in this process. Loads every room, so commands that only talk to a running peer import it on demand. */
import { apiClient, connectToPeer } from '../api/adapters/client.ts'
import { startApi } from '../api/adapters/server.ts'
import type { Guests } from '../api/guests.ts'
import { createService } from '../api/service.ts'
import { createLogger } from '../peer/adapters/pino-logger.ts'
import { createPeer, type Peer } from '../peer/compose.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import type { Secrets } from '../peer/home/keystore.ts'
import { chainOf } from './chain-session.ts'
import type { Cli } from './context.ts'
import { heldBy, holderOf, takeHome, type HomeLock } from './home-lock.ts'
import { secretsOf, type HomeFlags } from './home.ts'
import { untilAlone } from './last-user.ts'
import { joinRunning, type Session } from './peer-session.ts'
import { VERSION } from './version.ts'

export interface OwnPeer extends Session {
  readonly own: Peer
  /** Other commands that use it. */
  readonly guests: Guests
}

/** Starts the peer with a home that was taken; a failure gives the home back. */
async function startOn(
  cli: Cli,
  home: OpenedHome,
  secrets: Secrets,
  { store }: HomeLock,
  signal: AbortSignal
): Promise<OwnPeer> {
  const log = createLogger({ level: home.config.log.level, file: home.layout.log })
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
    const service = createService(peer)
    const api = await startApi({
      service,
      port: home.config.api.port,
      file: home.layout.api,
      files,
      random,
      version: VERSION
    })
    undo.push(api.stop)
    return { client: apiClient(api.url, api.token), home, own: peer, guests: service.guests, close }
  } catch (e) {
    await close()
    throw e
  }
}

/**
 * Starts a whole peer in this process, API included; a command that starts or ends on the home is waited for. HOME_LOCKED when a peer runs there
 * already, or the home does not come free.
 */
export async function startOwn(
  cli: Cli,
  flags: HomeFlags,
  home: OpenedHome,
  signal: AbortSignal
): Promise<OwnPeer> {
  const secrets = await secretsOf(cli, flags, home)
  // the lock comes first: a second peer must not start a second chain
  const taken = await takeHome<OwnPeer>(cli, home.layout, signal, async () => {
    const other = await connectToPeer(cli.files, home.layout.api, home.keys.peer)
    if (other === undefined) return undefined
    const holder = { pid: other.pid, what: (await holderOf(cli, home.layout))?.what ?? 'up' }
    throw heldBy(home.layout, holder, 'runs its peer', 'Use it, or stop it with: shoal down')
  })
  if ('found' in taken) return taken.found
  return await startOn(cli, home, secrets, taken, signal)
}

/** A peer in this process that ends with its last user; when another command of this home was faster, a seat at that one's. */
export async function startOrJoin(
  cli: Cli,
  flags: HomeFlags,
  home: OpenedHome,
  signal: AbortSignal
): Promise<Session> {
  const secrets = await secretsOf(cli, flags, home)
  const taken = await takeHome(cli, home.layout, signal, () => joinRunning(cli, home, signal))
  if ('found' in taken) return taken.found
  const started = await startOn(cli, home, secrets, taken, signal)
  const close = async (): Promise<void> => {
    // the result, or the error, is told first
    cli.afterwards.push(async () => {
      await untilAlone(cli, started.guests, signal)
      await started.close()
    })
  }
  return { ...started, close }
}
