/** The folder of one job: in memory, of a fixed size, so that nothing that a job writes or unpacks can fill a disk. */
import { execFile } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Arch } from '../../sandbox/seccomp/syscalls.ts'
import { globals } from '../run-command.ts'
import { seccompProfile } from '../seccomp-profile.ts'
import { removeGroups } from './groups.ts'
import { ownStore, podman } from './podman.ts'

const PREFIX = 'shoal-container-'
/** Files and folders below it. */
const INODES_MAX = 300_000
/** Mounting takes milliseconds; a call that hangs must not hold the job. */
const CALL_MS = 20_000
let count = 0

export interface JobFolder {
  /** Of the folder, of the container and of its groups. */
  readonly name: string
  readonly path: string
  /** The sized part. */
  readonly memory: string
  readonly profile: string
}

const call = (program: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise(done =>
    execFile(
      program,
      args,
      { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeout: CALL_MS },
      (e, _, err) => done(e === null ? undefined : err || e.message)
    )
  )

const at = (path: string): JobFolder => ({
  name: basename(path),
  path,
  memory: join(path, 'memory'),
  profile: join(path, 'seccomp.json')
})

/** ENGINE_BROKEN when it cannot be mounted. */
export async function openFolder(bytes: number, arch: Arch): Promise<JobFolder> {
  // the name becomes a container's, which ends with a letter or a digit
  const job = at(mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${++count}-`)))
  mkdirSync(job.memory, { mode: 0o700 })
  const options = `size=${bytes},nr_inodes=${INODES_MAX},mode=0700,nosuid,nodev`
  const failed = await call('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', job.memory])
  if (failed !== undefined) {
    await rm(job.path, { recursive: true, force: true })
    throw new ShoalError(
      'ENGINE_BROKEN',
      `The folder of a container could not be mounted: ${failed.slice(0, 200)}`
    )
  }
  writeFileSync(job.profile, JSON.stringify(seccompProfile(arch)))
  return job
}

/** Ends all that is left of a job and removes it. Never rejects; harmless twice. */
export async function closeFolder(job: JobFolder): Promise<void> {
  const removal = ['rm', '--force', '--ignore', '--time', '0', job.name]
  await removeGroups(job.name) // first of all: from here on none of it runs
  await podman([...globals({}), ...removal])
  if (isThere(join(job.memory, 'store')))
    await podman([...globals(ownStore(job.memory)), ...removal], job.memory)
  await removeGroups(job.name)
  await call('umount', ['--recursive', '--lazy', job.memory])
  await rm(job.path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined
const alive = (pid: string): boolean => isThere(`/proc/${pid}`)

/** Whose peer is gone. */
const orphaned = (name: string): boolean => {
  const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
  return pid !== undefined && !alive(pid)
}

/** Removes what peers that were killed left: folders of ours, and containers without one. */
export async function sweepFolders(): Promise<void> {
  const own = readdirSync(tmpdir()).filter(
    name =>
      orphaned(name) && lstatSync(join(tmpdir(), name), { throwIfNoEntry: false })?.uid === process.getuid?.()
  )
  for (const name of own) await closeFolder(at(join(tmpdir(), name)))
  const { out } = await podman([...globals({}), 'ps', '--all', '--format', '{{.Names}}'])
  for (const name of out.split('\n').filter(orphaned)) {
    await removeGroups(name)
    await podman([...globals({}), 'rm', '--force', '--ignore', '--time', '0', name])
  }
}
