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

/** Layers that a test takes away one at a time, to see that something notices. Nothing else may set any. */
export interface OpenLayers {
  readonly seccomp?: boolean
  /** The image's user, which is root. */
  readonly user?: boolean
  /** Memory and tasks of its group. */
  readonly limits?: boolean
  readonly network?: boolean
  readonly processes?: boolean
  /** Sizes of the folders and files that it writes. */
  readonly quota?: boolean
  readonly readOnly?: boolean
  readonly capabilities?: boolean
  readonly privileges?: boolean
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
  readonly without?: OpenLayers
}

/** Who runs inside: nobody, and the same outside. */
export const CONTAINER_USER = 65534

/**
 * For every call of podman. cgroupfs and runc: what works without systemd, and whose groups lie where we say. Programs that the host's
 * hooks would start as root beside each container, and folders that its mounts.conf shows to each, are not for strangers.
 */
export const globals = ({ own }: Store): string[] => [
  ...['--cgroup-manager=cgroupfs', '--runtime=runc', '--events-backend=none'],
  ...['--default-mounts-file=/dev/null', '--hooks-dir=/nonexistent'],
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

/** Larger than all that a test writes where a quota is taken away, bytes. */
export const NO_QUOTA = 2 ** 34

/** What /sys tells about the host, where its GPU's driver has to read the rest of it. */
const HIDDEN_FROM_GPU_TASKS = '/sys/kernel:/sys/power:/sys/fs:/sys/block:/sys/hypervisor'

/** Who it is, what it sees, and what it may ask of the kernel. */
function confined({ profile, gpu, without = {} }: ContainerRun): string[] {
  return [
    ...[without.network === true ? '--network=host' : '--network=none'],
    ...[without.processes === true ? '--pid=host' : '--pid=private'],
    ...['--ipc=private', '--uts=private', '--cgroupns=private'],
    ...(without.capabilities === true ? [] : ['--cap-drop=all']),
    ...(without.privileges === true ? [] : ['--security-opt=no-new-privileges']),
    `--security-opt=mask=${gpu === undefined ? '/sys' : HIDDEN_FROM_GPU_TASKS}`,
    `--security-opt=seccomp=${without.seccomp === true ? 'unconfined' : profile}`,
    ...(without.user === true ? [] : [`--user=${CONTAINER_USER}:${CONTAINER_USER}`])
  ]
}

/** What it may take. */
function bounded({ confinement: c, name, without = {} }: ContainerRun): string[] {
  const tmpBytes = without.quota === true ? NO_QUOTA : c.tmpBytes
  return [
    ...(without.readOnly === true ? [] : ['--read-only', '--read-only-tmpfs=false']),
    ...[`--shm-size=${tmpBytes}`, '--tmpfs', `/tmp:rw,nosuid,nodev,mode=1777,size=${tmpBytes}`],
    ...(without.limits === true ? [] : [`--memory=${c.memoryBytes}`, `--memory-swap=${c.memoryBytes}`]),
    ...(without.limits === true ? [] : [`--pids-limit=${c.maxTasks}`]),
    `--cpus=${c.cpus}`,
    // counted over all processes of the user, of other containers too: the group's own limit is the tight one
    ...limit('nproc', 16 * c.maxTasks),
    ...[...limit('nofile', c.maxOpenFiles), ...limit('core', 0)],
    ...limit('fsize', without.quota === true ? NO_QUOTA : c.fileBytes),
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
    ...['run', '--name', run.name, ...QUIET, ...confined(run), ...bounded(run), ...gpuFlags(run.gpu)],
    ...['--volume', `${input}:/in:ro,nosuid,nodev,Z`],
    ...['--volume', `${output}:/out:rw,nosuid,nodev,Z`, '--volume', `${checkpoint}:/ckpt:rw,nosuid,nodev,Z`],
    ...['--workdir', '/tmp', ...env, run.image, ...run.args]
  ]
}
