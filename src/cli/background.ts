/** `run --detach` without a peer: one is started that carries the job on and ends by itself when nothing is left to do. */
import { join } from 'node:path'
import { faults, isShoalError, ShoalError, type ErrorCode } from '../protocol/errors.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import { startBackground, terminate, type Background } from './adapters/background.ts'
import type { Cli } from './context.ts'
import { passphrase, type HomeFlags } from './home.ts'
import { joinRunning, type Session } from './peer-session.ts'

/** How long a peer may take to be ready on a busy machine, ms. */
const READY_MS = 90_000
/** Without a job for this long it ends: longer than a person thinks about a price. */
const IDLE = '10m'
/** In logs/ of the home: of the one that was started last. */
const logOf = (home: OpenedHome): string => join(home.layout.root, 'logs', 'background.log')
/** Of its log when it failed to start, bytes. */
const LOG_MAX = 1024 * 1024

/** What the ended process wrote last, as its own error. */
async function whyEnded(cli: Cli, log: string): Promise<ShoalError> {
  const text = new TextDecoder().decode(await cli.files.read(log, { max: LOG_MAX }))
  const last = text.split('\n').findLast(l => /^\{"error".*\}$/.test(l))
  const { error } = JSON.parse(last ?? '{"error":{}}') as {
    error: { code?: string; message?: string; next?: string }
  }
  const code = error.code !== undefined && error.code in faults ? (error.code as ErrorCode) : 'ENGINE_BROKEN'
  return new ShoalError(code, error.message ?? 'the background peer ended at once', {
    next: error.next ?? 'See logs/background.log in the home.'
  })
}

/** A seat at the home's peer, once there is one: the one started here, or another command's that was faster. */
async function ready(cli: Cli, home: OpenedHome, peer: Background, log: string, signal: AbortSignal) {
  const until = cli.clock.monotonic() + READY_MS
  for (;;) {
    const ended = peer.code() !== undefined
    const joined = await joinRunning(cli, home, signal)
    if (joined !== undefined) return joined
    if (ended) throw await whyEnded(cli, log)
    if (cli.clock.monotonic() > until)
      throw new ShoalError('START_TIMEOUT', `the background peer (process ${peer.pid}) is not ready`, {
        next: `See ${logOf(home)}`
      })
    await cli.clock.sleep(100, signal)
  }
}

/** Another command's peer may be there when ours looks, and gone when we do: then ours is started again, so often. */
const STARTS = 3

/** Secrets go to the new process by its environment, never by flag or file. */
export async function backgroundSession(
  cli: Cli,
  flags: HomeFlags,
  home: OpenedHome,
  signal: AbortSignal
): Promise<Session> {
  const secret = await passphrase(cli, flags, home.config.passphraseFile, false)
  for (let i = 1; ; i++) {
    try {
      return await startAndJoin(cli, home, secret, signal)
    } catch (e) {
      if (i === STARTS || !isShoalError(e, 'HOME_LOCKED')) throw e
    }
  }
}

async function startAndJoin(
  cli: Cli,
  home: OpenedHome,
  secret: string,
  signal: AbortSignal
): Promise<Session> {
  const folder = join(home.layout.root, 'logs')
  await cli.files.makeFolder(folder)
  // a log of its own: several commands may do this at once, and one of them wins
  const log = join(folder, `background-${process.pid}.log`)
  const args = ['up', '--light', '--until-idle', IDLE, '--home', home.layout.root, '--json']
  const peer = startBackground(
    args,
    { ...cli.env, SHOAL_PASSPHRASE: secret, SHOAL_WITH_PARENT: undefined },
    log
  )
  let joined: Awaited<ReturnType<typeof ready>> | undefined
  try {
    joined = await ready(cli, home, peer, log, signal)
    if (!cli.json)
      cli.remark(
        joined.pid === peer.pid
          ? `A light peer runs in the background (process ${joined.pid}); it ends ${IDLE} after its last job, or with: shoal down`
          : `The peer of this home (process ${joined.pid}) carries the job on.`
      )
    return joined
  } finally {
    // one that nobody knows of must not outlive the command
    if (joined?.pid !== peer.pid) terminate(peer.pid)
    if (joined === undefined || joined.pid === peer.pid) await cli.files.rename(log, logOf(home))
    else await cli.files.remove(log)
    peer.release()
  }
}
