/** The command line of bubblewrap, from a box. */
import type { Box, WithoutLayers } from './box.ts'

/** What the host's root looks like; decides how libraries are found inside. */
export interface HostRoot {
  /** Existing folders that hold libraries: bound read-only at the same place. */
  readonly folders: readonly string[]
  /** Symbolic links of the root folder, such as lib -> usr/lib: made again inside. */
  readonly links: readonly (readonly [name: string, target: string])[]
}

/** Who the task is inside, whoever it is outside. */
const NOBODY = '65534'
/** `/dev/shm`, which some libraries need. */
const SHM_BYTES = 16 * 1024 * 1024

const size = (inside: string, bytes: number, { quota }: WithoutLayers): string[] =>
  quota === true ? ['--tmpfs', inside] : ['--size', String(bytes), '--tmpfs', inside]

/**
 * Arguments up to the command, which are handed over through a file descriptor: nothing of the host's folders stands in a command
 * line that the task could read. The filter is on descriptor `seccompFd`.
 */
export function bwrapArguments(
  box: Box,
  root: HostRoot,
  seccompFd: number,
  without: WithoutLayers = {}
): string[] {
  return [
    '--unshare-user',
    ...(without.namespaces === true ? [] : ['--unshare-all', '--disable-userns', '--hostname', 'task']),
    ...['--uid', NOBODY, '--gid', NOBODY, '--cap-drop', 'ALL'],
    ...['--die-with-parent', '--new-session', '--clearenv'],
    ...['--proc', '/proc', '--dev', '/dev'],
    ...size('/dev/shm', SHM_BYTES, without),
    ...root.folders.flatMap(folder => ['--ro-bind', folder, folder]),
    ...root.links.flatMap(([name, target]) => ['--symlink', target, `/${name}`]),
    ...box.reads.flatMap(({ host, inside }) => ['--ro-bind', host, inside]),
    ...box.devices.flatMap(device => ['--dev-bind-try', device, device]),
    ...box.scratch.flatMap(({ inside, bytes }) => size(inside, bytes, without)),
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/'],
    ...(without.seccomp === true ? [] : ['--seccomp', String(seccompFd)])
  ]
}
