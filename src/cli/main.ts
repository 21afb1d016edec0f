/** The entry of the command line: loads a command only when it is called, so that --help is quick. */
import { run } from '@stricli/core'
import { appFor } from './app.ts'
import { errorText } from './command.ts'
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
  const cli = makeContext(argv)
  for (const s of [process.stdout, process.stderr]) s.on('error', e => cli.output.fail(e))
  const code = await runCli(argv, cli)
  // output to a pipe is asynchronous: let it drain before leaving
  const drained = [process.stdout, process.stderr].map(
    s => new Promise<void>(resolve => s.write('', () => resolve()))
  )
  await Promise.all(drained)
  const { trouble } = cli.output
  // the other one of the two may still be read
  if (trouble !== undefined) process.stderr.write(errorText(cli.json, trouble))
  process.exit(cli.output.exitCode(code))
}
