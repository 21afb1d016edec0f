/** `npm run bench:logscan -- --mib 1024`: a large log through the market in shards, against the same sums made in one process of Node. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { startBenchNet, type BenchNet } from '../support/net.ts'
import { readOptions } from '../support/options.ts'
import { writeLog, type Sums } from './log.ts'

const o = readOptions('bench:logscan', {
  mib: { initial: 1_024, min: 1, max: 16_384, what: 'MiB of log' },
  peers: { initial: 3, min: 1, max: 16, what: 'providers' },
  shards: { initial: 32, min: 1, max: 1_024, what: 'shards' }
})
const EXAMPLE = fileURLToPath(new URL('../../examples/logscan', import.meta.url))
const JOB_MS = 1_800_000

/** The baseline: line by line, as one would write it. */
async function direct(file: string): Promise<number> {
  const begin = performance.now()
  const requests = new Map<string, number>()
  const pattern = /"\S+ (\/[^/ ]+)\S* [^"]*" (\d{3}) (\d+)/
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [, part, status] = pattern.exec(line) ?? []
    const key = `${status} ${part}`
    requests.set(key, (requests.get(key) ?? 0) + 1)
  }
  return performance.now() - begin
}

async function buy(
  { requester: { client }, signal }: BenchNet,
  file: string,
  out: string
): Promise<FullJobView> {
  const job = await readFile(join(EXAMPLE, 'job.yaml'), 'utf8')
  const overrides = { inputs: { 'log.txt': file }, count: o.shards, 'price.max': '50' }
  const body = { file: job, path: join(EXAMPLE, 'job.yaml'), folder: EXAMPLE, overrides, out }
  const within = AbortSignal.any([signal, AbortSignal.timeout(JOB_MS)])
  const { id } = await client.call<FullJobView>('POST', '/v1/jobs', body, within)
  let last: FullJobView | undefined
  for await (const item of client.lines<{ job?: FullJobView }>(`/v1/jobs/${id}/events`, within))
    last = item.job ?? last
  if (last?.state !== 'settled')
    throw new Error(`the job ended as ${last?.state}: ${JSON.stringify(last?.failure)}`)
  return last
}

async function check(out: string, name: 'requests' | 'bytes', sums: Sums): Promise<void> {
  const found = new Map<string, number>()
  for (const line of (await readFile(join(out, `${name}.tsv`), 'utf8')).split('\n').filter(Boolean)) {
    const [number, key = ''] = line.split('\t')
    found.set(key, Number(number))
  }
  for (const key of new Set([...found.keys(), ...sums[name].keys()]))
    if (found.get(key) !== sums[name].get(key))
      throw new Error(`${name} of ${key}: ${found.get(key)}, but the log has ${sums[name].get(key)}`)
}

const config = { maxInput: '20GiB', provider: { disk: '20GiB', memory: '4GiB' } }
const bench = await startBenchNet('logscan', { peers: o.peers, slots: 1, config })
try {
  const file = join(bench.folder, 'log.txt')
  const sums = await writeLog(file, o.mib * 1024 * 1024)
  console.log(`${(sums.size / 2 ** 20).toFixed(0)} MiB, ${sums.lines} lines`)
  const nodeMs = await direct(file)
  const begin = performance.now()
  const out = join(bench.folder, 'out')
  await buy(bench, file, out)
  const ms = performance.now() - begin
  await check(out, 'requests', sums)
  await check(out, 'bytes', sums)
  const rate = sums.size / 2 ** 20 / (ms / 1000)
  console.log(
    `${o.shards} shards over ${o.peers} peers on this machine: ${(ms / 1000).toFixed(0)} s (${rate.toFixed(0)} MiB/s), ${(ms / nodeMs).toFixed(1)} times one process of Node (${(nodeMs / 1000).toFixed(0)} s); sums equal`
  )
} finally {
  await bench.stop()
}
