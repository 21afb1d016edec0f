import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Live runners among the children of a process. Linux; elsewhere none are seen. */
export function childrenOf(parent: number, script = 'wasm-runner'): number[] {
  const found: number[] = []
  for (const entry of process.platform === 'linux' ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(entry)) continue
    const [, state, ppid] = /\) (\S) (\d+)/.exec(statOf(entry)) ?? []
    if (Number(ppid) === parent && state !== 'Z' && commandOf(entry).includes(script))
      found.push(Number(entry))
  }
  return found
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it ended between the listing and this
  }
}

const statOf = (pid: string | number): string => readProc(`/proc/${pid}/stat`)
/** What the kernel says of a process: its users, groups and capabilities. */
export const statusOf = (pid: number): string => readProc(`/proc/${pid}/status`)
const commandOf = (pid: string | number): string => readProc(`/proc/${pid}/cmdline`)

/** True when the process ends within some seconds. */
export async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (!commandOf(pid).includes('wasm-runner')) return true
    await new Promise(done => setTimeout(done, 100))
  }
  return false
}

/** A process that runs an endless task with our engine, and the pid of its runner. */
export async function startPeerWithLoop(): Promise<{ peer: ChildProcess; orphan: number }> {
  const script = fileURLToPath(new URL('endless-peer.ts', import.meta.url))
  const peer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  for await (const chunk of peer.stdout) if (String(chunk).includes('running')) break
  const [orphan] = childrenOf(peer.pid ?? 0)
  if (orphan === undefined) throw new Error('The peer has no runner.')
  return { peer, orphan }
}
