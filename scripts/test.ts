/**
 * Runs all suites one after another and adds them up: `npm test`, and what CI runs. `npm test -- unit e2e` runs only those.
 * The last line counts every test: "N passed, N failed".
 */
import { spawn } from 'node:child_process'

interface Suite {
  readonly name: string
  readonly command: readonly string[]
}

const mocha = (name: string): Suite => ({ name, command: ['mocha', `test/${name}/**/*.test.ts`] })

const suites: readonly Suite[] = [
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  mocha('unit'),
  mocha('fuzz'),
  mocha('contracts'),
  { name: 'forge', command: ['npm', 'run', '--silent', 'test:forge'] },
  mocha('integration'),
  mocha('e2e')
]

interface Result {
  readonly name: string
  readonly ok: boolean
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
}

const sum = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((n, m) => n + Number(m[1]), 0)

/** Counts of mocha ("12 passing") and forge ("12 tests passed, 0 failed, 0 skipped"); a check without tests counts as one. */
function count(text: string, ok: boolean): { passed: number; failed: number; skipped: number } {
  const plain = text.replace(/\u001b\[[0-9;]*m/g, '')
  const passed = sum(plain, /^\s*(\d+) passing/gm) + sum(plain, /: (\d+) tests passed/g)
  const failed = sum(plain, /^\s*(\d+) failing/gm) + sum(plain, /tests passed, (\d+) failed/g)
  const skipped = sum(plain, /^\s*(\d+) pending/gm)
  if (passed + failed === 0) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped }
  return { passed, failed: ok ? failed : Math.max(1, failed), skipped }
}

async function run(suite: Suite): Promise<Result> {
  process.stdout.write(`\n=== ${suite.name}\n`)
  const begun = performance.now()
  const [program = '', ...args] = suite.command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    text += chunk.toString()
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  const ok = code === 0
  return { name: suite.name, ok, ...count(text, ok), seconds: Math.round((performance.now() - begun) / 1000) }
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(w => !suites.some(s => s.name === w))
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(', ')}; there are: ${suites.map(s => s.name).join(', ')}`)
  process.exit(2)
}
const results: Result[] = []
for (const suite of suites)
  if (wanted.length === 0 || wanted.includes(suite.name)) results.push(await run(suite))

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
