/**
 * The supervisor of a task that is made of commands: `node command-runner KIND PROGRAM FOLDER`. It speaks the frames of every runner, puts the
 * task's files into FOLDER, runs the commands under the task's limits, passes on what they say, and hands out what they made.
 */
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { blenderPlan } from '../blender/plan.ts'
import type { CommandStep, TaskFolders } from '../native/command-plan.ts'
import { FROM_RUNNER } from '../runner/frames.ts'
import { Supervisor } from './command-supervisor.ts'
import { giveUpRights, readTask, refuse, Reporter, sayHello, send, type NativeTask } from './runner-io.ts'
import { makeFolders, writeTree } from './task-folders.ts'
import { usage } from './usage.ts'

/** How the commands of a task are found, by the kind of task. */
const PLANS: Readonly<
  Record<string, (program: string, task: NativeTask, folders: TaskFolders) => CommandStep[]>
> = {
  blender: (program, { config }, folders) => blenderPlan(program, config, folders)
}

/** Resolves with the byte that starts the task. When the engine is gone, all of the group ends. */
function startByte(): Promise<void> {
  const die = (): void => {
    process.kill(-process.pid, 'SIGKILL')
  }
  return new Promise(done => {
    const pipe = new Socket({ fd: 0, readable: true, writable: false })
    pipe.on('data', () => done())
    pipe.once('error', die)
    pipe.once('close', die)
  })
}

async function prepare(kind: string, program: string, root: string) {
  const plan = PLANS[kind]
  if (plan === undefined) throw new Error(`There are no tasks of the kind ${kind}.`)
  const task = await readTask()
  const folders = makeFolders(root)
  const steps = plan(program, task, folders)
  writeFileSync(folders.module, task.module, { flag: 'wx', mode: 0o600 })
  writeTree(folders.input, task.input, 0o400)
  writeTree(folders.checkpoint, task.checkpoint)
  return { task, folders, steps }
}

async function main([kind = '', program = '', root = '', ...mounts]: readonly string[]): Promise<void> {
  giveUpRights()
  sayHello(mounts)
  let ready: Awaited<ReturnType<typeof prepare>>
  try {
    ready = await prepare(kind, program, root)
  } catch (e) {
    refuse(e)
  }
  const { task, folders, steps } = ready
  const started = startByte()
  send(FROM_RUNNER.ready)
  await started
  const before = usage().nanoseconds
  let used = 0n
  const reporter = new Reporter(task.config, () => used)
  const supervisor = new Supervisor({
    steps,
    folders,
    reporter,
    config: task.config,
    checkpoint: task.checkpoint,
    usage: () => {
      const now = usage()
      if (now.nanoseconds - before > used) used = now.nanoseconds - before
      return now
    }
  })
  await reporter.finish(() => supervisor.run())
  process.exit(0)
}

await main(process.argv.slice(2))
