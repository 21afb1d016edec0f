/** What keeps strangers' tasks in on this machine, and what is missing. */
import {
  findSandbox,
  isMissing,
  namespaceBar,
  testSandbox,
  versionOf
} from '../../executor/adapters/find-sandbox.ts'
import type { SandboxHost } from '../../executor/sandbox/host.ts'
import type { Cli } from '../context.ts'
import { bad, note, ok, type Finding } from './check.ts'

const WITHOUT = 'wasm tasks run in a limited process each, native engines are not offered'

function checkGroups({ groups, privileged, prlimit }: SandboxHost): Finding {
  if (groups.kind !== 'none')
    return ok(
      'limits',
      `process groups, version ${groups.kind.slice(1)}: memory, processes and cores of a task`
    )
  const next = privileged
    ? 'Mount the cgroup file system writable: mount -t cgroup2 none /sys/fs/cgroup'
    : 'systemd-run --user --scope -p Delegate=yes -- shoal up'
  const what =
    prlimit === undefined
      ? 'no process groups and no prlimit: the memory of a task is limited by its engine alone'
      : 'no process groups: memory is limited for each process of a task alone (prlimit), cores are not'
  return note('limits', what, next)
}

/** A missing sandbox is a note and not a fault: the peer then sells less and says so. One that does not hold is a fault. */
export async function checkSandbox({ clock }: Cli): Promise<Finding[]> {
  const found = await findSandbox()
  if (isMissing(found)) return [note('sandbox', `${found.what}: ${WITHOUT}`, found.next)]
  const version = (await versionOf(found.bwrap, ['--version'])) ?? found.bwrap
  const { passed, failed } = await testSandbox(found, clock)
  if (passed) return [ok('sandbox', `${version}, its self-test passed`), checkGroups(found)]
  const bar = namespaceBar()
  const said = `${version} does not hold (${failed.join('; ')}): ${WITHOUT}`
  if (bar !== undefined) return [note('sandbox', `${said}; ${bar.what}`, bar.next)]
  return [bad('sandbox', said, 'Update bubblewrap and the kernel, then run shoal doctor again.')]
}
