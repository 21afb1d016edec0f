import { clean, command } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import type { TopFlags } from '../routes/network.ts'
import { takeSnapshot, type Snapshot } from '../top/snapshot.ts'
import { topText } from '../top/text.ts'

/** Between two pictures, ms. */
const EVERY_MS = 1_000

// a screen of its own without a cursor, and back
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

/** Overwrites line by line: clearing first would flicker. */
function draw(cli: Cli, s: Snapshot): void {
  // a terminal that does not know its size says 0
  const rows = cli.process.stdout.rows || 24
  const columns = cli.process.stdout.columns || 80
  const lines = clean(topText(s, rows - 1)).split('\n')
  const text = lines.map(l => [...l].slice(0, columns).join('') + REST_OF_LINE).join('\n')
  cli.process.stdout.write(`${HOME}${text}\n${REST_OF_SCREEN}`)
}

/** Redraws until Ctrl-C, which is how one leaves it: no error. */
async function live(cli: Cli, ask: () => Promise<Snapshot>, signal: AbortSignal): Promise<void> {
  cli.process.stdout.write(ENTER)
  try {
    while (!signal.aborted) {
      draw(cli, await ask())
      await cli.clock.sleep(EVERY_MS, signal)
    }
  } catch (e) {
    if (!signal.aborted) throw e
  } finally {
    cli.process.stdout.write(LEAVE)
  }
}

export const top = command<TopFlags>(async (cli, flags, signal) => {
  const s = await session(cli, flags, signal)
  const ask = () => takeSnapshot(s.client, cli.clock.now(), signal)
  try {
    if (cli.json) cli.print(JSON.stringify(await ask()))
    else if (flags.once || cli.process.stdout.isTTY !== true) cli.print(clean(topText(await ask())))
    else await live(cli, ask, signal)
  } finally {
    await s.close()
  }
})
