/** Shoal processes as children: started with a ready line, stopped by their id, never left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../protocol/errors.ts'

const BIN = fileURLToPath(new URL('../../../bin/shoal.mjs', import.meta.url))
/** Longest wait for a child to be ready, ms: seven peers share two cores. */
const READY_MS = 60_000
/** From SIGTERM to SIGKILL, ms. */
const STOP_MS = 8_000

/** Children that live: none may outlast us, not even when we leave at once. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export interface Child<Ready> {
  readonly ready: Ready
  readonly pid: number
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>
  readonly alive: () => boolean
  /** SIGTERM, then SIGKILL. Harmless twice. */
  stop(): Promise<void>
  /** SIGKILL, now. */
  kill(): Promise<void>
}

export interface ChildOptions {
  readonly args: readonly string[]
  /** What Node runs instead of `shoal`, such as a test's own peer. */
  readonly program?: string
  readonly env: Readonly<Record<string, string>>
  /** Standard error goes here. */
  readonly log: string
  readonly signal?: AbortSignal
}

/** What a child may inherit: never keys or settings of the caller's own peer. */
const inherited = (): Record<string, string> =>
  Object.fromEntries(
    [
      'PATH',
      'HOME',
      'TMPDIR',
      'LANG',
      'NODE_COMPILE_CACHE',
      'MALLOC_ARENA_MAX',
      'UV_THREADPOOL_SIZE'
    ].flatMap(k => (process.env[k] === undefined ? [] : [[k, process.env[k]]]))
  )

async function firstLine(child: ChildProcess, name: string, log: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new ShoalError('ENGINE_BROKEN', `${name} ${why}`, { next: `See ${log}` }))
    const timer = setTimeout(() => fail('was not ready in time'), READY_MS)
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    lines.once('line', line => {
      clearTimeout(timer)
      resolve(line)
    })
    child.once('exit', code => {
      clearTimeout(timer)
      fail(`ended with code ${code} before it was ready`)
    })
    child.once('error', e => fail(`could not start: ${e.message}`))
  })
}

/** SIGKILL to a process that a child told us of; harmless when it is gone. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e
  }
}

/** Starts `shoal ARGS --json` and waits for its first line of JSON. */
export async function startChild<Ready>(name: string, o: ChildOptions): Promise<Child<Ready>> {
  const args = ['--disable-warning=ExperimentalWarning', o.program ?? BIN, ...o.args, '--json']
  const child = spawn(process.execPath, args, {
    env: { ...inherited(), SHOAL_WITH_PARENT: '1', ...o.env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  living.add(child)
  child.once('exit', () => living.delete(child))
  const log = createWriteStream(o.log, { flags: 'a' })
  child.stderr.pipe(log)
  const exited = new Promise<void>(resolve => child.once('close', () => log.end(() => resolve())))
  const end = async (first: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(first)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(timer)
  }
  const onAbort = () => void end('SIGTERM')
  o.signal?.addEventListener('abort', onAbort, { once: true })
  void exited.then(() => o.signal?.removeEventListener('abort', onAbort))
  try {
    const ready = JSON.parse(await firstLine(child, name, o.log)) as Ready
    return {
      ready,
      pid: child.pid ?? 0,
      exited,
      alive: () => child.exitCode === null && child.signalCode === null,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL')
    }
  } catch (e) {
    await end('SIGKILL')
    throw o.signal?.aborted === true ? o.signal.reason : e
  }
}
