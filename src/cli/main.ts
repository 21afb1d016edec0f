/** The entry of the command line: loads a command only when it is called, so that --help is quick. */
import { run } from '@stricli/core'
import { app } from './app.ts'
import { makeContext } from './context.ts'

/** Exit codes of stricli for wrong arguments become 2, as documented. */
const USAGE = new Set<unknown>([-4, -5, 251, 252])

export async function main(argv: readonly string[]): Promise<void> {
  const context = makeContext(argv)
  await run(app, argv.length === 0 ? ['--help'] : argv, context)
  const code = USAGE.has(process.exitCode) ? 2 : Number(process.exitCode ?? 0)
  // output to a pipe is asynchronous: let it drain before leaving
  await Promise.all(
    [process.stdout, process.stderr].map(s => new Promise<void>(resolve => s.write('', () => resolve())))
  )
  process.exit(code)
}
