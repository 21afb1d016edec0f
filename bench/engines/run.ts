/**
 * `npm run bench:engines`: the wasm engine in its sandbox against native builds of the same programs, with and without gas and SIMD;
 * what a sandbox adds to a start; what a runner that waits saves. Ratios to a baseline of the same run.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boxedProcesses } from '../../src/executor/adapters/box-process.ts'
import { findSandbox, isMissing, testSandbox } from '../../src/executor/adapters/find-sandbox.ts'
import { createWasmEngine } from '../../src/executor/wasm/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import type { Engine } from '../../src/protocol/ports/engine.ts'
import { noLog, recorder, request } from '../../test/support/tasks.ts'
import { readOptions } from '../support/options.ts'
import { buildAll, missingTools, type Built } from './compile.ts'
import { onnxTimes } from './onnx.ts'
import { startTimes } from './starts.ts'

const o = readOptions('bench:engines', {
  rounds: { initial: 3, min: 1, max: 50, what: 'runs of each, of which the best counts' }
})
const never = new AbortController().signal

interface Timed {
  readonly ms: number
  readonly said: string
}

function best(run: () => Timed): Timed {
  const all = Array.from({ length: o.rounds }, run)
  return all.reduce((a, b) => (b.ms < a.ms ? b : a))
}

function native(path: string): Timed {
  const begin = performance.now()
  const { stdout } = spawnSync(path, { encoding: 'utf8' })
  return { ms: performance.now() - begin, said: stdout.trim() }
}

function plain(module: string): Timed {
  const script = fileURLToPath(new URL('plain.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', script, module], {
    encoding: 'utf8'
  })
  return { ms: Number(stderr), said: stdout.trim() }
}

async function metered(engine: Engine, path: string): Promise<Timed> {
  const module = new Uint8Array(readFileSync(path))
  let least: Timed | undefined
  for (let n = 0; n < o.rounds; n++) {
    const limits = { gas: 10n ** 15n, memoryBytes: 256 << 20 }
    const run = await engine.prepare(request({ module, limits }), never)
    const heard = recorder()
    const begin = performance.now()
    const outcome = await run.run(heard, never)
    const ms = performance.now() - begin
    await run.dispose()
    if (outcome.status !== 'done')
      throw new Error(
        `${path} ended as ${JSON.stringify(outcome, (_, v) => (typeof v === 'bigint' ? String(v) : (v as unknown)))}`
      )
    if (least === undefined || ms < least.ms)
      least = { ms, said: heard.lines.map(l => l.slice(4)).join('\n') }
  }
  if (least === undefined) throw new Error('no rounds')
  return least
}

interface Row {
  readonly name: string
  readonly nativeMs: number
  readonly ratios: readonly number[]
}

async function measure(engine: Engine, built: Built): Promise<Row> {
  const natives = Object.values(built.native).map(path => best(() => native(path)))
  const nativeMs = Math.min(...natives.map(n => n.ms))
  const runs = [
    best(() => plain(built.wasm)),
    best(() => plain(built.simd)),
    await metered(engine, built.wasm),
    await metered(engine, built.simd)
  ]
  for (const { said } of [...natives, ...runs])
    if (said !== natives[0]?.said)
      throw new Error(`${built.name}: the builds do not agree: ${said} / ${natives[0]?.said}`)
  return { name: built.name, nativeMs, ratios: runs.map(r => r.ms / nativeMs) }
}

const missing = missingTools()
if (missing !== undefined) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}
const found = await findSandbox()
const boxed = !isMissing(found) && (await testSandbox(found, systemClock)).passed
const port = boxed && !isMissing(found) ? boxedProcesses(found) : undefined
const engine = createWasmEngine({ clock: systemClock, log: noLog, process: port, boxed })
const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-engines-'))
try {
  console.log(
    `wasm engine ${boxed ? 'in its sandbox' : 'WITHOUT a sandbox (see shoal doctor)'}; times as multiples of the best of gcc -O2 and clang -O2\n`
  )
  const head = ['program', 'native ms', 'no gas', 'no gas, SIMD', 'gas', 'gas, SIMD']
  const widths = [12, 10, 8, 13, 8, 10]
  const line = (cells: readonly string[]): void =>
    console.log(
      cells.map((c, i) => (i === 0 ? c.padEnd(widths[i] ?? 0) : c.padStart(widths[i] ?? 0))).join('  ')
    )
  line(head)
  const rows: Row[] = []
  for (const built of buildAll(folder)) {
    const row = await measure(engine, built)
    rows.push(row)
    line([row.name, row.nativeMs.toFixed(0), ...row.ratios.map(r => r.toFixed(2))])
  }
  const mean = (i: number): number =>
    Math.exp(rows.reduce((s, r) => s + Math.log(r.ratios[i] ?? 1), 0) / rows.length)
  line(['geom. mean', '', ...[0, 1, 2, 3].map(i => mean(i).toFixed(2))])
  const better = Math.exp(
    rows.reduce((s, r) => s + Math.log(Math.min(r.ratios[2] ?? 9, r.ratios[3] ?? 9)), 0) / rows.length
  )
  console.log(`\nwith gas, the better of the two builds of each: ${better.toFixed(2)} (aim: 1.50)`)
  await startTimes(found, engine, o.rounds)
  if (!isMissing(found)) await onnxTimes(found, o.rounds)
} finally {
  await engine.close?.()
  rmSync(folder, { recursive: true, force: true })
}
