/** A child of the soak with a channel: asked, answered, ended by its id. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Longest wait for an answer, ms. */
const ANSWER_MS = 60_000

export interface Worker {
  readonly pid: number
  /** Sends a word (none: only waits) and resolves with the next answer of that kind. */
  ask<T>(word: string | undefined, kind: string): Promise<T>
  tell(word: string): void
  kill(): Promise<void>
}

function answer<T>(child: ChildProcess, kind: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const done = (f: () => void): void => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
      f()
    }
    const onMessage = (m: unknown): void => {
      if ((m as { kind?: string }).kind === kind) done(() => resolve(m as T))
    }
    const onExit = (code: number | null): void =>
      done(() => reject(new Error(`${child.spawnargs.at(-2) ?? ''} ended with ${code} before '${kind}'`)))
    const timer = setTimeout(() => done(() => reject(new Error(`no '${kind}' in time`))), ANSWER_MS)
    child.on('message', onMessage).on('exit', onExit)
  })
}

/** More options of Node for the children, such as `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=FOLDER`, to see what grows. */
const extraArgs = (): string[] => (process.env['SOAK_NODE_ARGS'] ?? '').split(' ').filter(a => a !== '')

/** Starts `FILE.ts` of this folder and waits until it is ready. */
export async function startWorker(file: string, args: readonly string[]): Promise<Worker> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = fork(path, args, {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', ...extraArgs()],
    env: { PATH: process.env['PATH'], SHOAL_WITH_PARENT: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const worker: Worker = {
    pid: child.pid ?? 0,
    ask: async <T>(word: string | undefined, kind: string) => {
      const answered = answer<T>(child, kind)
      if (word !== undefined) child.send(word)
      return await answered
    },
    tell: word => void child.send(word),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    }
  }
  try {
    await worker.ask(undefined, 'ready')
    return worker
  } catch (e) {
    await worker.kill()
    throw e
  }
}
