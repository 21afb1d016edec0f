/** Tests that need a sandbox on this machine. */
import type { Context } from 'mocha'
import { spawnSync } from 'node:child_process'
import { findSandbox, isMissing, namespaceBar } from '../../src/executor/adapters/find-sandbox.ts'

const NOBODY = 65_534

/**
 * Why no sandbox can be built here, and what helps; undefined when one can. Asks bubblewrap itself and nothing of ours, so that a fault
 * of ours fails a test and does not skip it.
 */
export async function sandboxMissing(): Promise<string | undefined> {
  const found = await findSandbox()
  if (isMissing(found)) return `${found.what}: ${found.next}`
  const who = found.privileged ? { uid: NOBODY, gid: NOBODY } : {}
  const args = ['--unshare-all', '--unshare-user', '--ro-bind', '/', '/', '/bin/true']
  const { status, stderr } = spawnSync(found.bwrap, args, { env: {}, encoding: 'utf8', ...who })
  if (status === 0) return undefined
  const bar = namespaceBar()
  return bar === undefined ? `bubblewrap does not work here: ${stderr.trim()}` : `${bar.what}: ${bar.next}`
}

/** Skips the test with the command that brings a sandbox. */
export async function needSandbox(test: Context): Promise<void> {
  const missing = await sandboxMissing()
  if (missing === undefined) return
  console.log(`      skipped: native engines are sold only from a sandbox: ${missing}`)
  test.skip()
}
