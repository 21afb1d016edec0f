/** `run --detach` without a peer: one is started that carries the job on and ends by itself when nothing is left to do. */
import { join } from 'node:path'
import { connectToPeer } from '../api/adapters/client.ts'
import { faults, ShoalError, type ErrorCode } from '../protocol/errors.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import { startBackground, terminate, type Background } from './adapters/background.ts'
import type { Cli } from './context.ts'
import { passphrase, type HomeFlags } from './home.ts'
import type { Session } from './peer-session.ts'

/** How long a peer may take to be ready on a busy machine, ms. */
const READY_MS = 90_000
/** Without a job for this long it ends: longer than a person thinks about a price. */
const IDLE = '10m'
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
    next: error.next ?? `See ${log}`
  })
}

async function ready(cli: Cli, home: OpenedHome, peer: Background, log: string, signal: AbortSignal) {
  const until = cli.clock.monotonic() + READY_MS
  for (;;) {
    const client = await connectToPeer(cli.files, home.layout.api)
    if (client !== undefined) return client
    if (peer.code() !== undefined) throw await whyEnded(cli, log)
    if (cli.clock.monotonic() > until)
      throw new ShoalError('START_TIMEOUT', `the background peer (process ${peer.pid}) is not ready`, {
        next: `See ${log}`
      })
    await cli.clock.sleep(100, signal)
  }
}

/** Secrets go to the new process by its environment, never by flag or file. */
export async function backgroundSession(
  cli: Cli,
  flags: HomeFlags,
  home: OpenedHome,
  signal: AbortSignal
): Promise<Session> {
  const secret = await passphrase(cli, flags, home.config.passphraseFile, false)
  const log = join(home.layout.root, 'logs', 'background.log')
  await cli.files.makeFolder(join(home.layout.root, 'logs'))
  const args = ['up', '--light', '--until-idle', IDLE, '--home', home.layout.root, '--json']
  const peer = startBackground(
    args,
    { ...cli.env, SHOAL_PASSPHRASE: secret, SHOAL_WITH_PARENT: undefined },
    log
  )
  try {
    const client = await ready(cli, home, peer, log, signal)
    if (!cli.json)
      cli.remark(
        `A light peer runs in the background (process ${peer.pid}); it ends ${IDLE} after its last job, or with: shoal down`
      )
    return { client, home, close: async () => undefined }
  } catch (e) {
    // nobody knows of it yet: it must not outlive the command
    terminate(peer.pid)
    throw e
  } finally {
    peer.release()
  }
}
