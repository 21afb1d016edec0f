/**
 * Runners in a sandbox: a small shell waits until its process is in its group, then becomes bubblewrap, which becomes Node. So nothing
 * of the task ever runs outside the limits, and the process that is ended at the wall time is the one whose end ends all of them.
 */
import type { Writable } from 'node:stream'
import type { PipedChild, Pipes } from './child.ts'
import type { ChildLink, ProcessExit, ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import type { Box, Mount, WithoutLayers } from '../sandbox/box.ts'
import type { ProcessGroup } from '../sandbox/cgroup-port.ts'
import type { SandboxHost } from '../sandbox/host.ts'
import { spawn } from 'node:child_process'
import { ShoalError } from '../../protocol/errors.ts'
import { bwrapArguments } from '../sandbox/bwrap.ts'
import { buildFilter } from '../sandbox/seccomp/filter.ts'
import { holdChild } from './hold.ts'
import { pipesOf } from './child.ts'
import { identify } from './file-id.ts'
import { here, nodeCommand, type Places } from './node-command.ts'
import { limitData, underLimits, type Owner } from './rlimits.ts'
import { Staging } from './staging.ts'

const FILTER_FD = 3
const ARGUMENTS_FD = 4
const GATE_FD = 5
/** Users that no system hands out by itself: above those of people, below those of nested containers. */
const FIRST_JOB_UID = 262_144
const JOB_UIDS = 4_096

const INSIDE: Places = { node: '/shoal/node', code: '/shoal/src' }
/** Blocks of 512 bytes, as POSIX counts in `ulimit -f`. */
const blocks = (bytes: number): number => Math.ceil(bytes / 512)

/** Waits at the gate, sets the limits that children inherit, and becomes the command. */
const SCRIPT = `read -r go <&${GATE_FD} || exit 97; exec ${GATE_FD}<&-
ulimit -c 0 || exit 98; ulimit -n "$1" || exit 98; ulimit -f "$2" || exit 98; shift 2; exec "$@"`

let jobs = 0

/** A command in a box, before anything of it ran. */
interface Started {
  readonly child: PipedChild
  readonly gate: Writable
  /** Who it runs as, when that is not us. */
  readonly user: Owner
}

function spawnBoxed(
  host: SandboxHost,
  box: Box,
  command: readonly string[],
  without: WithoutLayers
): Started {
  const uid = FIRST_JOB_UID + (jobs++ % JOB_UIDS)
  const dropped = host.privileged && without.uid !== true ? { uid, gid: uid } : {}
  const limits = [
    String(box.maxOpenFiles),
    String(without.quota === true ? 'unlimited' : blocks(box.fileBytes))
  ]
  const bwrap = [host.bwrap, '--args', String(ARGUMENTS_FD), '--', ...command]
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'shoal-task', ...limits, ...bwrap], {
    env: {},
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    ...dropped
  }) as PipedChild
  const pipe = (fd: number): Writable => {
    const stream = child.stdio[fd] as Writable
    // the child may end before it has read all of it; `exited` tells
    stream.on('error', () => stream.destroy())
    return stream
  }
  pipe(FILTER_FD).end(buildFilter(host.arch, box.processes))
  const args = bwrapArguments(box, host.root, FILTER_FD, without)
  pipe(ARGUMENTS_FD).end(args.map(a => `${a}\0`).join(''))
  return { child, gate: pipe(GATE_FD), user: dropped }
}

/** Puts the waiting child into its group and opens the gate. */
async function release({ child, gate }: Started, group: ProcessGroup | undefined): Promise<void> {
  if (child.pid === undefined)
    throw new ShoalError('ENGINE_BROKEN', 'The sandbox could not be started.', {
      next: 'shoal doctor tells what this machine offers.'
    })
  await group?.join(child.pid)
  gate.end('go\n')
}

async function finish(pipes: Pipes, group: ProcessGroup | undefined): Promise<ProcessExit> {
  const exit = await pipes.exited
  if (group === undefined) return exit
  const usage = await group.usage()
  await group.close()
  return { ...exit, ...usage }
}

/** A command in a box, as a child of ours: what engines use for runners, and tests for hostile programs. */
export async function startBoxed(
  host: SandboxHost,
  box: Box,
  command: readonly string[],
  without: WithoutLayers = {}
): Promise<Omit<ChildLink, 'mounts'>> {
  const grouped = host.groups.kind !== 'none' && without.cgroup !== true
  const group = grouped ? await host.groups.open(box) : undefined
  const prlimit = grouped || without.cgroup === true ? undefined : host.prlimit
  let pipes: Pipes | undefined
  let user: Owner = {}
  try {
    const lone = prlimit === undefined ? { box, command } : underLimits(prlimit, box, command)
    const started = spawnBoxed(host, lone.box, lone.command, without)
    pipes = pipesOf(started.child)
    user = started.user
    await release(started, group)
  } catch (e) {
    pipes?.kill()
    await group?.close()
    throw e
  }
  const { pid } = pipes
  return {
    ...pipes,
    hold: on => holdChild({ pid }, on),
    exited: finish(pipes, group),
    limitMemory: async bytes => {
      if (prlimit !== undefined && pid !== undefined) await limitData(prlimit, pid, bytes, user)
      await group?.limitMemory(bytes)
    },
    cpuNs: async () => (await group?.usage())?.cpuNs
  }
}

/** What every runner needs besides the box's own. */
const OWN: readonly Mount[] = [
  { host: here.node, inside: INSIDE.node },
  { host: here.code, inside: INSIDE.code }
]

/** Runners in boxes on this host. A launch without a box is refused. */
export function boxedProcesses(host: SandboxHost, without: WithoutLayers = {}): ProcessPort {
  const staging = new Staging()
  const within = ({ host: path, inside }: Mount): Mount => ({
    host: host.privileged ? staging.of(path) : path,
    inside
  })
  return {
    async startRunner(launch: RunnerLaunch): Promise<ChildLink> {
      if (launch.box === undefined) throw new Error('a launch in a sandbox needs its box')
      const reads = [...OWN, ...launch.box.reads].map(within)
      // before the start: a folder that is exchanged from here on shows itself in the runner's first words
      const mounts = new Map(reads.map(({ host: path, inside }) => [inside, identify(path)]))
      const command = nodeCommand(launch, INSIDE, [...mounts.keys()])
      const child = await startBoxed(host, { ...launch.box, reads }, command, without)
      return { ...child, mounts: without.mountCheck === true ? new Map() : mounts }
    },
    close: () => staging.close()
  }
}
