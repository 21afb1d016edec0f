/** The work of a run, cut into pieces: one decoder in one mode. Done here, or by processes of our own, each on one core. */
import { fork, type ChildProcess } from 'node:child_process'
import { allTargets } from './all.ts'
import { checkSeeds, fuzz, type Mode, type Report } from './engine.ts'

export interface Task {
  readonly target: string
  readonly mode: Mode
  readonly seconds: number
  readonly executions: number
  readonly seed: number
  readonly planted: boolean
}

/** Does one piece after another in this process. */
export async function runHere(
  tasks: readonly Task[],
  signal: AbortSignal,
  done: (r: Report) => void
): Promise<void> {
  const targets = new Map((await allTargets()).map(t => [t.name, t]))
  for (const task of tasks) {
    if (signal.aborted) return
    const target = targets.get(task.target)
    if (target === undefined) throw new Error(`no decoder '${task.target}'`)
    await checkSeeds(target)
    done(await fuzz(target, task.mode, { ...task, signal }, task.planted))
  }
}

/** Shares the pieces among processes; each asks for the next when it is done. All of them have ended when this resolves. */
export async function runShared(
  tasks: readonly Task[],
  jobs: number,
  signal: AbortSignal,
  done: (r: Report) => void
): Promise<void> {
  const queue = [...tasks]
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, () => worker(queue, signal, done)))
}

async function worker(queue: Task[], signal: AbortSignal, done: (r: Report) => void): Promise<void> {
  const child = fork(import.meta.filename, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const end = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', end, { once: true })
  try {
    await feed(child, queue, done)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

function feed(child: ChildProcess, queue: Task[], done: (r: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const task = queue.shift()
      if (task === undefined) resolve()
      else child.send(task)
    }
    child.on('message', message => {
      if (message === 'ready') return next()
      const said = message as { readonly report?: Report; readonly error?: string }
      if (said.error !== undefined) return reject(new Error(said.error))
      if (said.report !== undefined) done(said.report)
      next()
    })
    child.once('error', reject)
    child.once('exit', () => resolve())
  })
}

/** Nobody reads the stacks of a million refusals. */
Error.stackTraceLimit = 0

/** In a child: pieces come as messages, reports go back. */
function serve(): void {
  const never = new AbortController().signal
  process.on('message', task => {
    runHere([task as Task], never, report => process.send?.({ report })).catch((e: unknown) =>
      process.send?.({ error: e instanceof Error ? e.message : String(e) })
    )
  })
  process.once('disconnect', () => process.exit(0))
  process.send?.('ready')
}

if (process.argv[1] === import.meta.filename) serve()
