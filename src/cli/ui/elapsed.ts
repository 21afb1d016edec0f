/** For work that tells nothing of itself: what is done, and for how many seconds. */
import type { Cli } from '../context.ts'

const EVERY_MS = 1_000

/** On a terminal one line that counts, elsewhere one remark; with --json nothing. */
export async function within<T>(cli: Cli, what: string, work: () => Promise<T>): Promise<T> {
  if (cli.json || !cli.interactive) {
    if (!cli.json) cli.remark(what)
    return await work()
  }
  const begun = cli.clock.monotonic()
  const { stderr } = cli.process
  const tell = (): void => {
    stderr.write(`\r${what} ... ${Math.round((cli.clock.monotonic() - begun) / 1000)} s`)
  }
  tell()
  const cancel = cli.clock.every(EVERY_MS, tell)
  try {
    return await work()
  } finally {
    cancel()
    stderr.write('\r\u001b[K')
  }
}
