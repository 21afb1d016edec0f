/** The same with real processes, real sockets and real time: an RPC in trouble while a job runs, and a chain that loses its log. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { nbody, NBODY, submit } from '../support/e2e/jobs.ts'
import { jobEnd, jobOf, jobUntil, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'
import { habits } from './scenes.ts'
import { httpTroubles, startTroubleProxy, type TroubleProxy } from './http-proxy.ts'

const SHARDS = 2
const STEPS = 300_000
/** The job goes on for this long after any trouble, so that its deadline is not what ends it. */
const MARGIN_S = 120

export interface RealResult {
  readonly trouble: string
  readonly problems: readonly string[]
  /** Seconds from the end of the trouble until the job and its money had ended. */
  readonly reconciledS: number
  /** Requests that met the trouble. */
  readonly troubled: number
}

/** It needs the keys of the peers, which real ones keep to themselves. */
const TAKEN = 'nonces taken'

interface Stage {
  readonly world: World
  readonly buyer: Buyer
  readonly proxy: TroubleProxy
}

type Act = (stage: Stage, seconds: number) => Promise<void>

const acts: readonly (readonly [string, Act])[] = [
  ...httpTroubles.map((t): [string, Act] => [
    t,
    async ({ proxy }, seconds) => {
      proxy.trouble = t
      await systemClock.sleep(seconds * 1000)
      proxy.trouble = undefined
    }
  ]),
  ...habits()
    .filter(([name]) => name !== TAKEN)
    .map(([name, make]): [string, Act] => [
      name,
      async ({ world, proxy }, seconds) => {
        proxy.habit = make(seconds, world.net.network.chainId)
        await systemClock.sleep(seconds * 1000)
        proxy.habit = undefined
      }
    ]),
  [
    'chain back to its saved state',
    async ({ world }) => {
      await world.net.chain.kill()
      await rm(join(world.net.folder, 'chain', 'data', 'wal.jsonl'), { force: true })
      await world.net.chain.restart()
    }
  ]
]

function judgeJob(job: FullJobView): string[] {
  const paid = job.executionList.filter(e => e.state === 'settled' && e.acknowledged === e.price)
  const problems = job.state === 'settled' ? [] : [`the job is ${job.state}: ${story(job)}`]
  const shards = paid.map(e => e.shard).sort()
  if (shards.join() !== Array.from({ length: SHARDS }, (_, i) => i).join())
    problems.push(`paid in full were shards ${shards.join()}: ${story(job)}`)
  return problems
}

async function playOne(stage: Stage, name: string, act: Act, seconds: number): Promise<RealResult> {
  const { world, buyer, proxy } = stage
  const before = await world.ledger.snapshot()
  const troubled = proxy.troubled
  const out = join(world.folder, name.replaceAll(' ', '-'))
  const overrides = nbody(STEPS, { count: SHARDS, deadline: '30m' })
  const { id } = await submit(buyer.client, NBODY, { out, overrides, deliverMargin: MARGIN_S + seconds })
  await jobUntil(
    buyer.client,
    id,
    'both shards run',
    j => j.executionList.filter(e => e.state === 'started').length === 2
  )
  await act(stage, seconds)
  const begun = performance.now()
  const job = await jobEnd(buyer.client, id, 180_000).catch(() => jobOf(buyer.client, id))
  const reconciledS = Math.round((performance.now() - begun) / 100) / 10
  const problems = judgeJob(job)
  const books = await world.ledger.books(before, job)
  if (!books.conserved) problems.push(`the books do not add up: ${story(job)}`)
  return { trouble: name, problems, reconciledS, troubled: proxy.troubled - troubled }
}

/** `seconds`: how long each trouble lasts. `only`: a part of its name. */
export async function playReal(
  seconds: number,
  only: string,
  signal: AbortSignal,
  onResult: (r: RealResult) => void
): Promise<RealResult[]> {
  let proxy: TroubleProxy | undefined
  const through = async (url: string): Promise<string> => (proxy = await startTroubleProxy(url)).url
  const results: RealResult[] = []
  let world: World | undefined
  try {
    world = await startWorld('chain-trouble', { peers: 2, slots: 1, config: {}, through })
    if (proxy === undefined) throw new Error('no proxy')
    const stage = { world, buyer: await world.buyer(), proxy }
    for (const [name, act] of acts.filter(([n]) => n.includes(only))) {
      if (signal.aborted) break
      const result = await playOne(stage, name, act, seconds)
      results.push(result)
      onResult(result)
    }
  } finally {
    await world?.stop()
    await proxy?.stop()
  }
  return results
}
