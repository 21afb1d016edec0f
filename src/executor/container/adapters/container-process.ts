/**
 * Runners of containers: a Node of ours with this peer's own rights, for only those may call podman. The stranger's program runs in the
 * container alone; the runner reads its bundles under limits and its files without following links.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MiB } from '../../../protocol/limits.ts'
import { openGroups } from '../../adapters/cgroups.ts'
import { pipesOf, type PipedChild } from '../../adapters/child.ts'
import { hold, treeOf } from '../../adapters/hold.ts'
import type { Box } from '../../sandbox/box.ts'
import type { GroupPort, ProcessGroup } from '../../sandbox/cgroup-port.ts'
import type { ChildLink, ProcessExit, ProcessPort, RunnerLaunch } from '../../runner/process-port.ts'
import type { Arch } from '../../sandbox/seccomp/syscalls.ts'
import { NO_QUOTA, type Confinement, type ContainerRun, type OpenLayers } from '../run-command.ts'
import { cpuNs, pidsOf } from './groups.ts'
import { closeFolder, openFolder, type JobFolder } from './job-folder.ts'

/** What the runner is told on its command line. */
export interface RunnerOrders extends Pick<
  ContainerRun,
  'name' | 'profile' | 'gpu' | 'confinement' | 'without'
> {
  readonly memory: string
}

const script = fileURLToPath(new URL(`container-runner${extname(import.meta.url)}`, import.meta.url))

/** The whole group: calls of podman end with the runner. The container has a group of its own, see `closeFolder`. */
function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e
  }
}

const confinementOf = ({
  memoryBytes,
  cpus,
  maxTasks,
  maxOpenFiles,
  fileBytes,
  scratch
}: Box): Confinement => ({
  ...{ memoryBytes, cpus, maxTasks, maxOpenFiles, fileBytes },
  tmpBytes: scratch[1]?.bytes ?? 0
})

function start(launch: RunnerLaunch, box: Box, job: JobFolder, without: OpenLayers): PipedChild {
  const [gpu] = launch.args ?? []
  const orders: RunnerOrders = {
    ...{ name: job.name, profile: job.profile, without, memory: job.memory, confinement: confinementOf(box) },
    ...(gpu === undefined ? {} : { gpu: JSON.parse(gpu) as ContainerRun['gpu'] })
  }
  const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning']
  return spawn(process.execPath, [...quiet, ...launch.flags, script, JSON.stringify(orders)], {
    env: {},
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true // a group of its own, so that all of it can be ended
  })
}

/** Beside the folder: Node, and podman while it unpacks, which takes 91 MiB for honest and most hostile images. Bytes. */
const RUNNER_ROOM = 512 * MiB
const RUNNER_TASKS = 512

/**
 * A group for the runner and its calls of podman, which unpack a stranger's image: 1.2 MB of xz made podman take 3 GB. The container has
 * groups of its own. Undefined where the kernel gives none; ENGINE_BROKEN when it refuses.
 */
async function boundRunner(
  groups: GroupPort,
  child: ChildProcess,
  box: Box
): Promise<ProcessGroup | undefined> {
  if (groups.kind === 'none' || child.pid === undefined) return undefined
  // the folder is memory that the runner's calls fill; the runner holds as much again while it hands files in and out
  const memoryBytes = 2 * (box.scratch[0]?.bytes ?? 0) + RUNNER_ROOM
  const group = await groups.open({ memoryBytes, cpus: box.cpus, maxTasks: RUNNER_TASKS })
  try {
    await group.join(child.pid)
    return group
  } catch (e) {
    await group.close()
    throw e
  }
}

/** Linux and root only: the folder is mounted, and podman's groups lie where we say. */
export function containerProcesses(arch: Arch, without: OpenLayers = {}): ProcessPort {
  let opened: Promise<GroupPort> | undefined
  const groups = (): Promise<GroupPort> => (opened ??= openGroups())
  return { startRunner }

  async function startRunner(launch: RunnerLaunch): Promise<ChildLink> {
    const { box } = launch
    if (box === undefined) throw new Error('a container needs its box')
    const room = without.quota === true ? NO_QUOTA : (box.scratch[0]?.bytes ?? 0)
    const job = await openFolder(room, arch)
    const child = start(launch, box, job, without)
    const pipes = pipesOf(child)
    let group: ProcessGroup | undefined
    const ended = async (exit: ProcessExit): Promise<ProcessExit> => {
      killAll(child)
      await closeFolder(job)
      await group?.close()
      return exit
    }
    try {
      group = await boundRunner(await groups(), child, box)
    } catch (e) {
      await ended({ code: null, signal: null, errors: '' })
      throw e
    }
    return {
      ...pipes,
      mounts: new Map(),
      limitMemory: async () => undefined,
      cpuNs: async () => cpuNs(job.name),
      exited: pipes.exited.then(ended),
      // podman's container is no child of its caller
      hold: on => hold([...pidsOf(job.name), ...treeOf(child.pid ?? 0)], on),
      kill: () => killAll(child)
    }
  }
}
