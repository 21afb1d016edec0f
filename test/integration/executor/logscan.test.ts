/** examples/logscan on real runners, beside a direct count of the same log. */
import { expect } from 'chai'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countLog, difference, tableOf, writeLog } from '../../../scripts/logscan/log.ts'
import { createWasmEngine } from '../../../src/executor/wasm/engine.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { noLog, outputOf, recorder, request } from '../../support/tasks.ts'

const engine = createWasmEngine({ clock: systemClock, log: noLog })
const never = new AbortController().signal

async function run(module: string, files: Record<string, string>): Promise<(path: string) => string> {
  const wasm = await readFile(fileURLToPath(new URL(`../../../examples/logscan/${module}`, import.meta.url)))
  const limits = { gas: 10n ** 11n, memoryBytes: 64 << 20, outputBytes: 1 << 20, inputBytes: 8 << 20 }
  const prepared = await engine.prepare(request({ module: wasm, files, limits }), never)
  try {
    const heard = recorder()
    const outcome = await prepared.run(heard, never)
    expect(outcome.status, heard.lines.join('\n')).to.equal('done')
    const output = await outputOf(prepared.collect())
    return path => new TextDecoder().decode(output.get(path))
  } finally {
    await prepared.dispose()
  }
}

describe('the example logscan', function () {
  this.timeout(60_000)
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-logscan-test-'))
  })
  after(async () => await rm(folder, { recursive: true }))

  it('counts what a direct count counts, also in shards, and sees lines that are none', async () => {
    const log = join(folder, 'access.log')
    await writeLog(log, 2 << 20, 7)
    const direct = await countLog(log)
    const text = await readFile(log, 'latin1')
    expect(direct.hits.get('?'), 'some lines are broken').to.be.greaterThan(0)
    const cut = text.indexOf('\n', text.length / 2) + 1
    const tables: Record<string, string> = {}
    for (const [shard, part] of [text.slice(0, cut), text.slice(cut)].entries()) {
      const output = await run('logscan.wasm', { 'access.log': part })
      for (const name of ['hits.tsv', 'bytes.tsv']) tables[`${shard}/${name}`] = output(name)
    }
    const all = await run('gather.wasm', tables)
    expect(difference(direct.hits, tableOf(all('hits.tsv')))).to.equal(undefined)
    expect(difference(direct.bytes, tableOf(all('bytes.tsv')))).to.equal(undefined)
  })

  it('a log is the same for the same seed and another for another', async () => {
    const made = async (name: string, seed: number): Promise<string> => {
      await writeLog(join(folder, name), 100_000, seed)
      return await readFile(join(folder, name), 'latin1')
    }
    const first = await made('a', 1)
    expect(first.length).to.be.within(100_000, 100_200)
    expect(await made('b', 1)).to.equal(first)
    expect(await made('c', 2)).not.to.equal(first)
  })
})
