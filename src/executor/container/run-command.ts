/** Podman's command lines. Everything is said: what the owner's containers.conf or the image say of it does not count. */
import type { GpuAccess } from '../../protocol/ports/gpu.ts'
import type { TaskFolders } from '../native/command-plan.ts'

/** Where an image lies. */
export interface Store {
  /** A store of its own for one job; the owner's when absent. */
  readonly own?: { readonly root: string; readonly run: string }
}

export interface Confinement {
  /** All that its processes hold, and what they write below /out, /ckpt and /tmp, bytes. */
  readonly memoryBytes: number
  /** Bytes of /tmp; counted in the memory as well. */
  readonly tmpBytes: number
  readonly cpus: number
  readonly maxTasks: number
  readonly maxOpenFiles: number
  /** Largest single file, bytes. */
  readonly fileBytes: number
}

export interface ContainerRun {
  /** Of the container and of the group that its processes are counted in. */
  readonly name: string
  /** ID, or name with digest. */
  readonly image: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folders: Pick<TaskFolders, 'input' | 'output' | 'checkpoint'>
  readonly confinement: Confinement
  /** Path of the seccomp profile. */
  readonly profile: string
  readonly gpu?: Pick<GpuAccess, 'vendor' | 'index' | 'devices'>
}

/** Who runs inside: nobody, and the same outside. */
export const CONTAINER_USER = 65534

/** For every call of podman. cgroupfs and runc: what works without systemd, and whose groups lie where we say. */
export const globals = ({ own }: Store): string[] => [
  ...['--cgroup-manager=cgroupfs', '--runtime=runc', '--events-backend=none'],
  ...(own === undefined
    ? []
    : ['--root', own.root, '--runroot', own.run, '--volumepath', `${own.root}/volumes`])
]

/** NVIDIA's by their container device interface (CDI), others by their nodes. Not run yet: this needs a GPU. */
function gpuFlags(gpu: ContainerRun['gpu']): string[] {
  if (gpu === undefined) return []
  if (gpu.vendor === 'nvidia') return ['--device', `nvidia.com/gpu=${gpu.index}`]
  return gpu.devices.flatMap(node => ['--device', node])
}

const limit = (name: string, value: number): string[] => ['--ulimit', `${name}=${value}:${value}`]

/** The kernel's side of it: namespaces, calls, users, what it may take. */
function confined({ confinement: c, profile, name }: ContainerRun): string[] {
  return [
    ...['--network=none', '--pid=private', '--ipc=private', '--uts=private', '--cgroupns=private'],
    ...['--cap-drop=all', '--security-opt=no-new-privileges', `--security-opt=seccomp=${profile}`],
    `--user=${CONTAINER_USER}:${CONTAINER_USER}`,
    ...['--read-only', '--read-only-tmpfs=false', `--shm-size=${c.tmpBytes}`],
    ...['--tmpfs', `/tmp:rw,nosuid,nodev,mode=1777,size=${c.tmpBytes}`],
    ...[`--memory=${c.memoryBytes}`, `--memory-swap=${c.memoryBytes}`],
    ...[`--cpus=${c.cpus}`, `--pids-limit=${c.maxTasks}`],
    // counted over all processes of the user, of other containers too: the group's own limit is the tight one
    ...limit('nproc', 16 * c.maxTasks),
    ...[...limit('nofile', c.maxOpenFiles), ...limit('fsize', c.fileBytes), ...limit('core', 0)],
    `--cgroup-parent=/${name}`
  ]
}

/** What an image or a configuration could bring along: volumes on the disk, logs without end, proxies of the host, health checks. */
const QUIET = [
  ...['--pull=never', '--image-volume=ignore', '--log-driver=none', '--no-healthcheck', '--http-proxy=false'],
  ...['--sdnotify=ignore', '--systemd=false', '--no-hosts', '--hostname=task', '--tz=']
]

/** `podman run` of a task, attached. The container stays, dead, until somebody removes it by name: how it ended can be asked. */
export function runCommand(run: ContainerRun, store: Store): string[] {
  const { input, output, checkpoint } = run.folders
  const env = Object.entries(run.env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  return [
    ...globals(store),
    ...['run', '--name', run.name, ...QUIET, ...confined(run), ...gpuFlags(run.gpu)],
    ...['--volume', `${input}:/in:ro,nosuid,nodev,Z`],
    ...['--volume', `${output}:/out:rw,nosuid,nodev,Z`, '--volume', `${checkpoint}:/ckpt:rw,nosuid,nodev,Z`],
    ...['--workdir', '/tmp', ...env, run.image, ...run.args]
  ]
}
