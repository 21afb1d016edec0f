import { connectToPeer } from '../../api/adapters/client.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { terminate } from '../adapters/background.ts'
import { command } from '../command.ts'
import { open } from '../home.ts'
import type { CommonFlags } from '../routes/jobs.ts'

/** A peer closes its chain, network and journal; then the next one may open them. ms. */
const STOP_MS = 20_000

/** Stops the peer of this home; running jobs go on when it runs again. */
export const down = command<CommonFlags>(async (cli, flags, signal) => {
  const home = await open(cli, flags)
  const peer = await connectToPeer(cli.files, home.layout.api, home.keys.peer)
  if (peer === undefined)
    throw new ShoalError('API_UNREACHABLE', 'no peer runs on this home', { next: 'Start one with: shoal up' })
  const { pid } = peer
  terminate(pid)
  const until = cli.clock.monotonic() + STOP_MS
  while ((await cli.files.stat(home.layout.api)) !== undefined) {
    if (cli.clock.monotonic() > until)
      throw new ShoalError('STOP_TIMEOUT', `the peer (process ${pid}) does not stop`, {
        next: `Look at ${home.layout.log}; as a last resort: kill -9 ${pid}`
      })
    await cli.clock.sleep(100, signal)
  }
  cli.print(
    cli.json ? JSON.stringify({ stopped: pid }) : `Stopped (process ${pid}). Jobs go on with: shoal up`
  )
})
