/** `npm run try:logscan -- --size 1GiB [--peers 3] [--shards 16] [--seed 1]`: a large log through the market, beside a direct count. */
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, parseSize } from '../../src/protocol/units.ts'
import { example } from '../../test/support/e2e/cli.ts'
import { submit } from '../../test/support/e2e/jobs.ts'
import { jobEnd, startWorld, story } from '../../test/support/e2e/world.ts'
import { countLog, difference, tableOf, writeLog } from './log.ts'

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '64MiB' },
    peers: { type: 'string', default: '3' },
    shards: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' }
  }
})
const [size, peers, count] = [parseSize(values.size), Number(values.peers), Number(values.shards)]
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
const share = Math.ceil(size / count)

const config = {
  maxInput: 2 * size,
  provider: { memory: 4 * share + (256 << 20), disk: 2 * size + (1 << 30) }
}
const world = await startWorld('logscan', { peers, slots: 1, config })
try {
  const log = join(world.folder, 'access.log')
  mkdirSync(world.folder, { recursive: true })
  let start = performance.now()
  await writeLog(log, size, Number(values.seed))
  console.log(`made a log of ${formatSize(size)} in ${seconds(start)}`)
  start = performance.now()
  const direct = await countLog(log)
  console.log(`counted directly, in one thread: ${seconds(start)}`)
  start = performance.now()
  const { client } = await world.buyer()
  const out = join(world.folder, 'counts')
  const { id } = await submit(client, example('logscan/job.yaml'), {
    out,
    overrides: {
      ...{ inputs: { 'access.log': log }, count },
      'resources.memory': 2 * share + (64 << 20),
      'resources.disk': 3 * share + (64 << 20)
    }
  })
  console.log(`submitted: split, sealed and stored in ${seconds(start)}`)
  const job = await jobEnd(client, id, 20 * 60_000)
  console.log(`ended (${job.state}) on ${peers} peers after ${seconds(start)}`)
  if (job.state !== 'settled') throw new Error(story(job))
  const table = async (name: string): Promise<Map<string, number>> =>
    tableOf(await readFile(join(out, name), 'utf8'))
  const wrong = [
    difference(direct.hits, await table('hits.tsv')),
    difference(direct.bytes, await table('bytes.tsv'))
  ].find(key => key !== undefined)
  const lines = [...direct.hits.values()].reduce((n, v) => n + v, 0)
  console.log(
    wrong === undefined
      ? `equal to the direct count: ${lines} lines, ${direct.hits.size} rows`
      : `WRONG at ${wrong}`
  )
  if (wrong !== undefined) process.exitCode = 1
} finally {
  await world.stop()
}
