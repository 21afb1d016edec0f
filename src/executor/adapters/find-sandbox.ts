/** Looks for what a sandbox needs on this machine, and tries it. */
import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Box } from '../sandbox/box.ts'
import type { Missing, SandboxHost } from '../sandbox/host.ts'
import { judge, SCRATCH, type SelfTest } from '../sandbox/self-test.ts'
import { archOf } from '../sandbox/seccomp/filter.ts'
import { boxedProcesses } from './box-process.ts'
import { openGroups } from './cgroups.ts'
import { readHostRoot } from './host-root.ts'

const MAX_WORDS = 4_096
/** Longest wait for the canary, ms: a loaded machine takes some seconds to start Node. */
const PATIENCE_MS = 20_000

const CANARY: Box = {
  memoryBytes: 512 * 1024 * 1024,
  cpus: 1,
  processes: 'one',
  maxTasks: 64,
  maxOpenFiles: 128,
  fileBytes: 1024 * 1024,
  reads: [],
  scratch: [SCRATCH],
  devices: []
}

/** Where a program lies; undefined when it is in no folder of PATH. */
export function which(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '/usr/bin:/bin').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return undefined
}

/** What this machine has, or why not and what brings it. Nothing is run yet. */
export async function findSandbox(): Promise<SandboxHost | Missing> {
  const arch = archOf(process.arch)
  if (process.platform !== 'linux')
    return { what: `sandboxes need Linux; this is ${process.platform}`, next: 'Sell from a Linux machine.' }
  if (arch === undefined)
    return {
      what: `there is no table of system calls for ${process.arch}`,
      next: 'Sell from an x86-64 or arm64 machine.'
    }
  const bwrap = which('bwrap')
  if (bwrap === undefined)
    return {
      what: 'bubblewrap is not installed',
      next: 'apt-get install bubblewrap (or: dnf install bubblewrap)'
    }
  return {
    bwrap,
    arch,
    root: readHostRoot(),
    groups: await openGroups(),
    prlimit: which('prlimit'),
    privileged: process.getuid?.() === 0
  }
}

export const isMissing = <T extends object>(found: T | Missing): found is Missing => 'what' in found

/** The user that a process runs as, as this machine's kernel counts. */
function uidOf(pid: number | undefined): number | undefined {
  try {
    return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

async function words(output: AsyncIterable<Uint8Array>, heard: () => void): Promise<unknown> {
  let text = ''
  for await (const part of output) {
    heard()
    text = (text + Buffer.from(part).toString('utf8')).slice(0, MAX_WORDS)
  }
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Runs the canary. Never throws: what goes wrong is a failed test. */
export async function testSandbox(host: SandboxHost, clock: Clock): Promise<SelfTest> {
  const port = boxedProcesses(host)
  try {
    const flags: string[] = []
    const child = await port.startRunner({
      script: 'sandbox-canary',
      flags,
      permissions: 'open',
      box: CANARY
    })
    const cancel = clock.timer(PATIENCE_MS, () => child.kill())
    let uid: number | undefined
    const said = await words(child.output, () => {
      uid = uidOf(child.pid)
    })
    const { errors } = await child.exited
    cancel()
    if (said === undefined) return { passed: false, failed: [firstLine(errors) || 'the test said nothing'] }
    return judge(said, uid)
  } catch (e) {
    return { passed: false, failed: [e instanceof Error ? e.message : String(e)] }
  } finally {
    port.close?.()
  }
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 300) ?? ''

/** What Ubuntu and others set to keep strangers out of user namespaces, if it is set. */
export function namespaceBar(): Missing | undefined {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return ''
    }
  }
  if (read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1')
    return {
      what: 'AppArmor keeps programs out of user namespaces',
      next: 'Allow it for bubblewrap alone: write a profile /etc/apparmor.d/bwrap with "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }" and run apparmor_parser -r /etc/apparmor.d/bwrap'
    }
  if (read('/proc/sys/user/max_user_namespaces') === '0')
    return { what: 'user namespaces are switched off', next: 'sysctl -w user.max_user_namespaces=15000' }
  if (read('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return {
      what: 'user namespaces are for root alone',
      next: 'sysctl -w kernel.unprivileged_userns_clone=1'
    }
  return undefined
}

/** The first line that a program prints, for its version; undefined when it does not run. */
export function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise(done => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: PATIENCE_MS })
    let text = ''
    child.stdout.on('data', (part: Buffer) => {
      text = (text + part.toString('utf8')).slice(0, 400)
    })
    child.once('error', () => done(undefined))
    child.once('close', code => done(code === 0 ? text.split('\n')[0] : undefined))
  })
}
