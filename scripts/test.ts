/**
 * Runs all suites and adds them up: `npm test`, and what CI runs. `npm test -- unit e2e` runs only those. Suites that use one core and
 * no clock run two at a time; the output of one that has no turn to speak is kept until it has. The failures of all suites are repeated
 * at the end; the last line counts every test: "N passed, N failed, N skipped".
 */
import { spawn } from 'node:child_process'

interface Suite {
  readonly name: string
  readonly command: readonly string[]
}

const mocha = (name: string, ...flags: string[]): Suite => ({
  name,
  command: ['mocha', ...flags, `test/${name}/**/*.test.ts`]
})

const script = (name: string, run: string, ...args: string[]): Suite => ({
  name,
  command: ['npm', 'run', '--silent', run, ...args]
})

/** One after another; those of one line side by side. */
const stages: readonly (readonly Suite[])[] = [
  [script('lint', 'lint'), mocha('unit')],
  [mocha('fuzz'), mocha('contracts')],
  [script('fuzzing', 'fuzz', '--', '--seconds', '0.5', '--jobs', '2')],
  [script('forge', 'test:forge')],
  [mocha('integration')],
  // its processes wait for one another most of the time: alone it uses a fifth of two cores
  [mocha('e2e', '--parallel', '--jobs', '2')]
]
const suites = stages.flat()

interface Result {
  readonly name: string
  readonly ok: boolean
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  /** What the suite said of its failures; empty when it passed. */
  readonly failures: string
}

/** The most that is repeated of one suite's failures, in characters: a CI log that shows only its end still shows them all. */
const FAILURES_SHOWN = 6000

const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '')

/** mocha's section "N failing", or the end of the output of a check that has none. */
function failuresOf(text: string): string {
  const lines = plain(text).trimEnd()
  const section = /^\s*\d+ failing$/m.exec(lines)
  if (section) return lines.slice(section.index).slice(0, FAILURES_SHOWN)
  return lines.slice(-FAILURES_SHOWN / 2)
}

const sum = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((n, m) => n + Number(m[1]), 0)

/** Counts of mocha ("12 passing") and forge ("12 tests passed, 0 failed, 0 skipped"); a check without tests counts as one. */
function count(text: string, ok: boolean): { passed: number; failed: number; skipped: number } {
  const said = plain(text)
  const passed = sum(said, /^\s*(\d+) passing/gm) + sum(said, /: (\d+) tests passed/g)
  const failed = sum(said, /^\s*(\d+) failing/gm) + sum(said, /tests passed, (\d+) failed/g)
  const skipped = sum(said, /^\s*(\d+) pending/gm)
  if (passed + failed === 0) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped }
  return { passed, failed: ok ? failed : Math.max(1, failed), skipped }
}

/** A suite that takes longer has hung: the slowest takes seven minutes on two cores. */
const SUITE_MS = 20 * 60_000

/** What ends the suites that run now. */
const ends = new Set<() => void>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    ends.forEach(end => end())
    process.exit(130)
  })

/** Runs a suite; `show` takes its output as it comes. */
async function run(suite: Suite, show: (chunk: string | Buffer) => void): Promise<Result> {
  show(`\n=== ${suite.name}\n`)
  const begun = performance.now()
  const [program = '', ...args] = suite.command
  // a group of its own, so that a suite that hangs is ended with all that it started
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const end = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'))
  ends.add(end)
  let text = ''
  const limit = setTimeout(() => {
    text += `\n  ${suite.name} did not end within ${SUITE_MS / 60_000} minutes\n`
    end()
  }, SUITE_MS)
  for (const from of [child.stdout, child.stderr])
    from.on('data', (chunk: Buffer) => {
      show(chunk)
      text += chunk.toString()
    })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  clearTimeout(limit)
  ends.delete(end)
  const ok = code === 0
  return {
    name: suite.name,
    ok,
    ...count(text, ok),
    seconds: Math.round((performance.now() - begun) / 1000),
    failures: ok ? '' : failuresOf(text)
  }
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(w => !suites.some(s => s.name === w))
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(', ')}; there are: ${suites.map(s => s.name).join(', ')}`)
  process.exit(2)
}

/** Side by side: the first speaks at once, each other after the one before it has ended. */
async function stage(together: readonly Suite[]): Promise<Result[]> {
  let before = Promise.resolve()
  const running = together.map(async suite => {
    const turn = before
    let kept: (string | Buffer)[] | undefined = []
    const show = (chunk: string | Buffer): void => void (kept?.push(chunk) ?? process.stdout.write(chunk))
    const speak = turn.then(() => {
      kept?.splice(0).forEach(chunk => process.stdout.write(chunk))
      kept = undefined
    })
    const ended = run(suite, show)
    before = ended.then(() => speak)
    const result = await ended
    await speak
    return result
  })
  return await Promise.all(running)
}

const results: Result[] = []
for (const together of stages)
  results.push(...(await stage(together.filter(s => wanted.length === 0 || wanted.includes(s.name)))))

for (const r of results.filter(r => !r.ok)) console.log(`\n=== what failed in ${r.name}\n${r.failures}`)
console.log('')
for (const r of results)
  console.log(
    `${r.ok ? 'ok  ' : 'FAIL'}  ${r.name.padEnd(12)} ${String(r.passed).padStart(4)} passed  ${String(r.seconds).padStart(4)} s`
  )
const total = (pick: (r: Result) => number): number => results.reduce((n, r) => n + pick(r), 0)
console.log(
  `\n${total(r => r.passed)} passed, ${total(r => r.failed)} failed, ${total(r => r.skipped)} skipped`
)
process.exit(results.every(r => r.ok) ? 0 : 1)
