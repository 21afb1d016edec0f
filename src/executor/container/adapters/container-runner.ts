/**
 * The supervisor of a container: `node container-runner ORDERS`. It speaks the frames of every runner, puts the task's files into its
 * folders, loads the image if it came along, runs the container and hands out what it made.
 */
import { lchownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'
import { Supervisor } from '../../adapters/command-supervisor.ts'
import {
  CommandFailed,
  LimitReached,
  readTask,
  refuse,
  Reporter,
  sayHello,
  send,
  type NativeTask
} from '../../adapters/runner-io.ts'
import { makeFolders, writeTree } from '../../adapters/task-folders.ts'
import type { CommandStep, TaskFolders } from '../../native/command-plan.ts'
import { FROM_RUNNER } from '../../runner/frames.ts'
import { imageSource } from '../image.ts'
import { CONTAINER_USER, globals, runCommand, type Store } from '../run-command.ts'
import type { RunnerOrders } from './container-process.ts'
import { cpuNs, outOfMemory, removeGroups } from './groups.ts'
import { strangeIn } from './image-check.ts'
import { asked, ownStore, podman, podmanEnv } from './podman.ts'

/** Above any wall time that a task may have: the engine ends the runner before. Milliseconds. */
const LOAD_MS = 24 * 3_600_000

interface Ready {
  readonly store: Store
  /** As `podman run` takes it. */
  readonly image: string
}

const broken = (message: string): ShoalError => new ShoalError('MODULE_INVALID', message)

/** Unpacks a stranger's image into the job's own store: it can replace nothing of the owner's, and not outgrow the job's memory. */
async function loadImage(module: Uint8Array, tar: string, memory: string): Promise<Ready> {
  const store = ownStore(memory)
  mkdirSync(join(memory, 'store'), { mode: 0o711 })
  writeFileSync(tar, module, { flag: 'wx', mode: 0o600 })
  const { code, err } = await podman([...globals(store), 'load', '--quiet', '--input', tar], memory, LOAD_MS)
  rmSync(tar)
  if (code === -1) throw broken('podman cannot load the image: unpacking it takes more than it may.')
  // where it lies is nothing to strangers
  const last = err.trim().split('\n').at(-1)?.replaceAll(memory, '').slice(0, 300) ?? ''
  if (code !== 0) throw broken(`podman cannot load the image: ${last}`)
  const ids = (await asked(store, ['images', '--quiet', '--no-trunc'], memory)).trim().split('\n')
  const [id = ''] = new Set(ids)
  if (new Set(ids).size !== 1 || id === '') throw broken('The tar must hold one image.')
  return { store, image: id }
}

async function findImage(name: string, memory: string): Promise<Ready> {
  const { code } = await podman([...globals({}), 'image', 'exists', name], memory)
  if (code !== 0) throw new ShoalError('ENGINE_BROKEN', `The image ${name} is no longer here.`)
  return { store: {}, image: name }
}

async function checkImage({ store, image }: Ready, memory: string): Promise<void> {
  const strange = await strangeIn(store, image, memory)
  if (strange !== undefined) throw broken(`The image has ${strange}, which is not let in.`)
}

/** Hands a tree to the container's user. Nothing of a stranger runs yet, so no link comes between. */
function give(path: string): void {
  lchownSync(path, CONTAINER_USER, CONTAINER_USER)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const full = join(path, entry.name)
    if (entry.isDirectory()) give(full)
    else lchownSync(full, CONTAINER_USER, CONTAINER_USER)
  }
}

function stepOf(
  orders: RunnerOrders,
  { store, image }: Ready,
  task: NativeTask,
  folders: TaskFolders
): CommandStep {
  const { args, shard, shards } = task.config
  const env = { ...task.config.env, SHOAL_SHARD: String(shard), SHOAL_SHARDS: String(shards) }
  const { name, confinement, profile, gpu, without } = orders
  const run = { name, image, args, env, folders, confinement, profile, gpu, without }
  return {
    argv: ['podman', ...runCommand(run, store)],
    env: podmanEnv(orders.memory),
    title: 'container',
    line: (_stream, text) => ({ log: text })
  }
}

async function prepare(orders: RunnerOrders) {
  const task = await readTask()
  const source = imageSource(task.module)
  const folders = makeFolders(orders.memory)
  const ready =
    source.kind === 'tar'
      ? await loadImage(task.module, folders.module, orders.memory)
      : await findImage(source.name, orders.memory)
  // the owner's were looked at when the peer started
  if (source.kind === 'tar') await checkImage(ready, orders.memory)
  writeTree(folders.input, task.input, 0o400)
  writeTree(folders.checkpoint, task.checkpoint)
  for (const folder of [folders.input, folders.output, folders.checkpoint]) give(folder)
  return { task, folders, step: stepOf(orders, ready, task, folders) }
}

/** Resolves with the byte that starts the task. When the engine is gone, the container ends, and this process with it. */
function startByte(name: string): Promise<void> {
  const die = (): void => {
    void removeGroups(name).finally(() => process.kill(-process.pid, 'SIGKILL'))
  }
  return new Promise(done => {
    const pipe = new Socket({ fd: 0, readable: true, writable: false })
    pipe.on('data', () => done())
    pipe.once('error', die)
    pipe.once('close', die)
  })
}

/** What a shell reports for a program that was killed: 128 + SIGKILL. */
const KILLED = 137

/** Which of its limits ended a container, if one did. */
function explain(e: unknown, { name, confinement }: RunnerOrders): unknown {
  if (!(e instanceof CommandFailed) || e.exitCode !== KILLED) return e
  if (!outOfMemory(name, confinement.memoryBytes)) return e
  return new LimitReached('memory', 'the task used more memory than it may')
}

async function main([text = '{}']: readonly string[]): Promise<void> {
  const orders = JSON.parse(text) as RunnerOrders
  sayHello([])
  let prepared: Awaited<ReturnType<typeof prepare>>
  try {
    prepared = await prepare(orders)
  } catch (e) {
    refuse(e)
  }
  const { task, folders, step } = prepared
  const started = startByte(orders.name)
  send(FROM_RUNNER.ready)
  await started
  let used = 0n
  const reporter = new Reporter(task.config, () => used)
  const supervisor = new Supervisor({
    steps: [step],
    folders,
    reporter,
    config: task.config,
    checkpoint: task.checkpoint,
    usage: () => {
      const now = cpuNs(orders.name)
      if (now > used) used = now
      return { nanoseconds: used, memoryBytes: 0 } // the kernel looks after its memory
    }
  })
  await reporter.finish(async () => {
    try {
      return await supervisor.run()
    } catch (e) {
      throw explain(e, orders)
    }
  })
  process.exit(0)
}

await main(process.argv.slice(2))
