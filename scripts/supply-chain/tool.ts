/** Runs npm with an argument list, never through a shell. */
import { spawnSync } from 'node:child_process'
import { ROOT } from './lockfile.ts'

export interface ToolResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `ms` is the longest it may take; a tool that was killed for it has code -1. */
export function npm(args: readonly string[], cwd = ROOT, ms = 300_000): ToolResult {
  const r = spawnSync('npm', args, { cwd, timeout: ms, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return { code: r.status ?? -1, out: r.stdout, err: r.stderr }
}

/** Ends the process with code 1 and the reason when a tool failed. */
export function must(what: string, r: ToolResult): string {
  if (r.code === 0) return r.out
  console.error(`${what} failed (${r.code}):\n${r.err.slice(-2000)}`)
  process.exit(1)
}
