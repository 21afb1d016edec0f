/** Wraps a command: errors become one clear message and a documented exit code, Ctrl-C becomes a signal. */
import { asShoalError, ShoalError } from '../protocol/errors.ts'
import type { Cli } from './context.ts'

/** 0 ok, 1 failed, 2 usage, 3 the job itself failed, 4 needs keys or funds, 130 Ctrl-C, 141 the reader of the output has left. */
export const EXIT = { ok: 0, failed: 1, usage: 2, job: 3, funds: 4, interrupted: 130 } as const

const FUNDS = new Set(['FUNDS_LOW', 'PASSPHRASE_MISSING', 'PASSPHRASE_WRONG', 'HOME_NOT_INITIALISED'])
const USAGE = new Set(['USAGE', 'JOB_FILE_INVALID', 'CONFIG_INVALID'])

export function exitCodeOf(e: ShoalError): number {
  if (FUNDS.has(e.code)) return EXIT.funds
  if (USAGE.has(e.code)) return EXIT.usage
  if (e.code === 'ATTEMPTS_EXHAUSTED' || e.code === 'TASK_FAILED') return EXIT.job
  return e.code === 'CANCELLED' ? EXIT.interrupted : EXIT.failed
}

/** Control characters in text that came from the network must not reach the terminal. */

export const clean = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?')

/** One line of JSON, or the message with what to do below it; ends with a line feed. */
export function errorText(json: boolean, { code, message, next }: ShoalError): string {
  if (json) return JSON.stringify({ error: { code, message, next } }) + '\n'
  return `error: ${clean(message)}\n${next === undefined ? '' : `  ${clean(next)}\n`}`
}

export function showError(cli: Cli, e: unknown): void {
  const error = asShoalError(e, 'INVALID_TRANSITION')
  if (cli.json) cli.remark(errorText(true, error).trimEnd())
  else {
    cli.remark(`error: ${clean(error.message)}`)
    if (error.next !== undefined) cli.remark(`  ${clean(error.next)}`)
  }
  if (!cli.json && !(e instanceof ShoalError) && cli.env['SHOAL_DEBUG'] !== undefined)
    cli.remark(String((e as Error).stack))
  cli.process.exitCode = exitCodeOf(error)
}

/** A second signal within this time is the first one again, ms. */
const AGAIN_MS = 500

export type Run<F, A extends readonly (string | undefined)[]> = (
  cli: Cli,
  flags: F,
  signal: AbortSignal,
  ...args: A
) => Promise<void>

/** A devnet's children end with it, even when it is killed: then the pipe that is their standard input closes. */
function followParent(cli: Cli, stop: () => void): () => void {
  if (cli.env['SHOAL_WITH_PARENT'] !== '1') return () => undefined
  const { stdin } = cli.process
  stdin.once('end', stop)
  stdin.resume()
  return () => {
    stdin.off('end', stop)
    stdin.pause()
  }
}

/** What was put off until the command has said how it ended. */
async function finish(cli: Cli): Promise<void> {
  for (const work of cli.afterwards.splice(0)) {
    try {
      await work()
    } catch (e) {
      showError(cli, e)
    }
  }
}

/** `outlivesReader`: it goes on when nobody reads its output any more. */
const wrapped = <F, A extends readonly (string | undefined)[]>(run: Run<F, A>, outlivesReader: boolean) =>
  async function (this: Cli, flags: F, ...args: A): Promise<void> {
    const stop = new AbortController()
    let firstAt = 0
    const onSignal = () => {
      const now = this.clock.monotonic()
      // one Ctrl-C may arrive twice, by the terminal and by a wrapper: only a later one means it
      if (stop.signal.aborted && now - firstAt > AGAIN_MS) process.exit(EXIT.interrupted)
      if (stop.signal.aborted) return
      firstAt = now
      stop.abort(new ShoalError('CANCELLED', 'interrupted'))
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
    const unfollow = followParent(this, onSignal)
    if (outlivesReader) this.output.goOn()
    const unhear = outlivesReader
      ? () => undefined
      : this.output.onFailure(reason => {
          if (!stop.signal.aborted) stop.abort(reason)
        })
    try {
      try {
        await run(this, flags, stop.signal, ...args)
      } catch (e) {
        showError(this, e)
      }
      await finish(this)
    } finally {
      unhear()
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      unfollow()
    }
  }

/** The first Ctrl-C (or SIGTERM) aborts the signal, the second leaves at once. A reader of the output that leaves aborts it too. */
export const command = <F, A extends readonly (string | undefined)[] = readonly []>(run: Run<F, A>) =>
  wrapped(run, false)

/** A command that goes on when its reader leaves: work and money hang on it, and what it says matters less. */
export const lasting = <F, A extends readonly (string | undefined)[] = readonly []>(run: Run<F, A>) =>
  wrapped(run, true)
