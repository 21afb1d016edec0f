/** The entry of the command line: loads a command only when it is called, so that --help is quick. */
import { run } from '@stricli/core'
import { appFor } from './app.ts'
import { COMPLETE, complete } from './completion.ts'
import { makeContext, type Cli } from './context.ts'

/** Exit codes of stricli for wrong arguments become 2, as documented; for a command that cannot be loaded 1. */
const USAGE = new Set<unknown>([-4, -5, 251, 252])

/** Runs one command line to its end and gives its exit code. Prints through `cli` only. */
export async function runCli(argv: readonly string[], cli: Cli): Promise<number> {
  if (argv[0] === COMPLETE) {
    await complete(argv.slice(1), cli)
    return 0
  }
  await run(appFor(argv, cli.json), argv.length === 0 ? ['--help'] : argv, cli)
  const { exitCode } = cli.process
  const code = Number(exitCode ?? 0)
  return USAGE.has(exitCode) ? 2 : code < 0 ? 1 : code
}

export async function main(argv: readonly string[]): Promise<void> {
  const code = await runCli(argv, makeContext(argv))
  // output to a pipe is asynchronous: let it drain before leaving
  await Promise.all(
    [process.stdout, process.stderr].map(s => new Promise<void>(resolve => s.write('', () => resolve())))
  )
  process.exit(code)
}
