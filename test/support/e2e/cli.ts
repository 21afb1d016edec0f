/** The program as a person runs it: one process for each command. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'

export const BIN = fileURLToPath(new URL('../../../bin/shoal.mjs', import.meta.url))
export const example = (path: string): string =>
  fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))

export interface CliOptions {
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface CliRun {
  readonly child: ChildProcess
  readonly pid: number
  readonly stderr: () => string
  readonly done: Promise<CliResult>
}

/** Nothing of the caller's own settings: only what a program needs to run. */
const baseEnv = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR'].flatMap(k => (process.env[k] === undefined ? [] : [[k, process.env[k]]]))
  )

/** No command that ends by itself takes longer, ms; then it is killed and its code is null. */
const CLI_MS = 150_000

export function startShoal(args: readonly string[], o: CliOptions = {}): CliRun {
  const env = { ...baseEnv(), ...(o.home === undefined ? {} : { SHOAL_HOME: o.home }), ...o.env }
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', BIN, ...args], {
    env,
    cwd: o.cwd,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (c: Buffer) => void (stdout += c.toString()))
  child.stderr.on('data', (c: Buffer) => void (stderr += c.toString()))
  const done = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
  return { child, pid: child.pid ?? 0, stderr: () => stderr, done }
}

/** Runs a command to its end. */
export async function shoal(args: readonly string[], o: CliOptions = {}): Promise<CliResult> {
  const run = startShoal(args, o)
  const cancel = systemClock.timer(CLI_MS, () => run.child.kill('SIGKILL'))
  try {
    return await run.done
  } finally {
    cancel()
  }
}

/** The first line of a command that stays. Rejects when it ends before. */
export async function firstLine<T>(run: CliRun): Promise<T> {
  const lines = createInterface({ input: run.child.stdout ?? process.stdin })
  const line = new Promise<string>(resolve => lines.once('line', resolve))
  const ended = run.done.then((r): string => {
    throw new Error(`ended with code ${r.code} before it was ready: ${r.stderr}`)
  })
  ended.catch(() => undefined) // only the race looks at it
  return JSON.parse(await Promise.race([line, ended])) as T
}

/** True while the process exists (a zombie does not count). */
export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false // no such process
  }
}

/** Asks every 100 ms until the answer is truthy; fails with `what` after `ms`. */
export async function until<T>(
  what: string,
  ms: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false
): Promise<T> {
  const end = systemClock.monotonic() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (systemClock.monotonic() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await systemClock.sleep(100)
  }
}
