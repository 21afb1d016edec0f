/** What every command gets: the terminal, the environment, and the ports. */
import type { CommandContext } from '@stricli/core'
import { systemClock } from '../peer/adapters/system-clock.ts'
import { nodeFiles } from '../peer/adapters/node-files.ts'
import { systemRandom } from '../peer/adapters/system-random.ts'
import type { Clock, Files, Random } from '../protocol/ports/index.ts'
import { Output } from './output.ts'

export interface Cli extends CommandContext {
  readonly process: NodeJS.Process
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The command's own name, such as `run`. */
  readonly commandName: string
  readonly clock: Clock
  readonly files: Files
  readonly random: Random
  /** --json was given: data on stdout as JSON, errors on stderr as JSON. */
  readonly json: boolean
  /** A person sits at both ends. */
  readonly interactive: boolean
  readonly output: Output
  /** Done after the command has ended and told its error, in this order. */
  readonly afterwards: (() => Promise<void>)[]
  /** Data for the person or program that called. */
  print(text: string): void
  /** Remarks and progress: never mixed with data. */
  remark(text: string): void
}

/** Loads nothing that --help does not need. */
export function makeContext(argv: readonly string[]): Cli {
  const output = new Output()
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    if (!output.failed) stream.write(text)
  }
  return {
    process,
    env: process.env,
    // npm run works in the package's folder: paths are meant from where the person stands
    cwd:
      (process.env['npm_lifecycle_event'] === undefined ? undefined : process.env['INIT_CWD']) ??
      process.cwd(),
    commandName: /^[a-z-]{1,32}$/.test(argv[0] ?? '') ? (argv[0] ?? '') : 'shoal',
    output,
    afterwards: [],
    clock: systemClock,
    files: nodeFiles,
    random: systemRandom,
    json: argv.includes('--json'),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    print: text => write(process.stdout, text + '\n'),
    remark: text => write(process.stderr, text + '\n')
  }
}
