/** A peer that goes on when the command has ended. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../../bin/shoal.mjs', import.meta.url))

export interface Background {
  readonly pid: number
  /** Its exit code, once it has ended. */
  readonly code: () => number | null | undefined
  /** Lets this process end before it. */
  release(): void
}

/** Starts `shoal ARGS` in a session of its own: a closed terminal or its Ctrl-C does not reach it. Output goes to `log`. */
export function startBackground(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  log: string
): Background {
  const out = openSync(log, 'w', 0o600)
  try {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', BIN, ...args], {
      env: { ...env },
      detached: true,
      stdio: ['ignore', out, out]
    })
    let ended: number | null | undefined
    child.once('exit', code => void (ended = code))
    child.once('error', () => void (ended = null))
    return { pid: child.pid ?? 0, code: () => ended, release: () => child.unref() }
  } finally {
    closeSync(out)
  }
}

/** Whether a process with this id is there. */
export function exists(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM' // another user's
  }
}

/** Asks a process of ours to end. False when it is gone already, or never was. */
export function terminate(pid: number): boolean {
  if (pid <= 0) return false // to the system that is a whole group of processes
  try {
    process.kill(pid, 'SIGTERM')
    return true
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw e
  }
}
