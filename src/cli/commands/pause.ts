import { connectToPeer, type ApiClient } from '../../api/adapters/client.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { command } from '../command.ts'
import type { Cli } from '../context.ts'
import { open } from '../home.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import type { PauseFlags } from '../routes/peer.ts'

interface PolicyView {
  readonly open: boolean
  readonly reason?: string
  readonly pausedUntil?: number | null
}

/** Only a peer that runs can pause; it remembers it over restarts. */
async function runningPeer(cli: Cli, flags: CommonFlags): Promise<ApiClient> {
  const home = await open(cli, flags)
  const client = await connectToPeer(cli.files, home.layout.api, home.keys.peer)
  if (client === undefined)
    throw new ShoalError('API_UNREACHABLE', 'no peer runs on this home', { next: 'Start one with: shoal up' })
  return client
}

const said = (p: PolicyView): string => (p.open ? 'Open for work.' : `Takes on nothing new: ${p.reason}.`)

export const pause = command<PauseFlags>(async (cli, flags, signal) => {
  const client = await runningPeer(cli, flags)
  const p = await client.call<PolicyView>('POST', '/v1/provider/pause', { for: flags.for }, signal)
  cli.print(cli.json ? JSON.stringify(p) : `${said(p)} What runs is finished. Go on with: shoal resume`)
})

export const resume = command<CommonFlags>(async (cli, flags, signal) => {
  const client = await runningPeer(cli, flags)
  const p = await client.call<PolicyView>('POST', '/v1/provider/resume', undefined, signal)
  cli.print(cli.json ? JSON.stringify(p) : said(p))
})
