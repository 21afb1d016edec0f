/** Runs one suite in a copy of the tree, in a process group of its own that ends with it. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Suite } from './suites.ts'

export type Verdict =
  | { readonly kind: 'passed' }
  /** `test`: the first that failed, in words; `why`: what it said. */
  | { readonly kind: 'failed'; readonly test: string; readonly why?: string }
  /** Nothing ran: the code does not load or compile. That is no bug that a test could be proud of. */
  | { readonly kind: 'broken'; readonly said: string }

interface Ended {
  readonly code: number | null
  readonly text: string
  readonly late: boolean
}

/** Output that is kept of one run, in characters. */
const TEXT_KEPT = 40_000

function execute(args: readonly string[], cwd: string, limitMs: number, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // of its own group: mocha starts Node again, and that starts chains and peers
    const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    let late = false
    const keep = (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-TEXT_KEPT)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch (e) {
        if ((e as { code?: string }).code !== 'ESRCH') reject(e)
      }
    }
    const timer = setTimeout(() => {
      late = true
      kill()
    }, limitMs)
    signal.addEventListener('abort', kill, { once: true })
    if (signal.aborted) kill()
    child.once('error', reject)
    child.once('exit', code => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
      kill() // what it started and left behind
      resolve({ code, text, late })
    })
  })
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-12).join('\n')

const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '')

/**
 * The first failure in mocha's closing section: its titles, then what it said. (The JSON reporter cannot write errors that hold a
 * bigint, and ours are about money.)
 */
export function firstFailure(text: string): { readonly test: string; readonly why: string } | undefined {
  const section = /^\s*\d+ failing$\n+\s*1\) ([\s\S]+?):\n([\s\S]*)/m.exec(plain(text))
  if (section === null) return undefined
  const words = (block: string | undefined): string =>
    (block ?? '')
      .split(/\s*\n\s*/)
      .join(' ')
      .trim()
  return { test: words(section[1]), why: words(section[2]?.trimStart().split('\n\n')[0]).slice(0, 500) }
}

const unfinished = (limitMs: number): Verdict => ({
  kind: 'failed',
  test: `did not end in ${Math.round(limitMs / 1000)} s`
})

async function mocha(suite: Suite, cwd: string, limitMs: number, signal: AbortSignal): Promise<Verdict> {
  const args = [join(cwd, 'node_modules/mocha/bin/mocha.js'), '--bail', '--reporter', 'dot', ...suite.files]
  const end = await execute(args, cwd, limitMs, signal)
  const failure = firstFailure(end.text)
  if (failure !== undefined) return { kind: 'failed', ...failure }
  if (end.late) return unfinished(limitMs)
  if (end.code === 0 && /^\s*[1-9]\d* passing/m.test(plain(end.text))) return { kind: 'passed' }
  return { kind: 'broken', said: lastLines(end.text) }
}

async function forge(suite: Suite, cwd: string, limitMs: number, signal: AbortSignal): Promise<Verdict> {
  const paths = suite.files.flatMap(f => ['--match-path', f.replace(/^contracts\//, '')])
  const end = await execute(['scripts/test-forge.ts', '--fail-fast', ...paths], cwd, limitMs, signal)
  // counterexamples, which may span lines, stand between the mark and the name
  const failed = /\[FAIL[\s\S]*?\b((?:test|invariant)\w*)\s*\(/.exec(plain(end.text))?.[1]
  if (failed !== undefined && end.code !== 0) return { kind: 'failed', test: failed }
  if (end.late) return unfinished(limitMs)
  if (end.code === 0 && /[1-9]\d* tests passed/.test(end.text)) return { kind: 'passed' }
  return { kind: 'broken', said: lastLines(end.text) }
}

/** `patience` stretches the suite's limit. */
export const runSuite = (
  suite: Suite,
  cwd: string,
  patience: number,
  signal: AbortSignal
): Promise<Verdict> => (suite.kind === 'mocha' ? mocha : forge)(suite, cwd, suite.limitMs * patience, signal)
