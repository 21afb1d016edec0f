/** Real `kill -9` of real processes over real sockets, at moments drawn by a seed: one job and one kill at a time. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type Child } from '../../src/devnet/adapters/child.ts'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { nbody, NBODY, submit } from '../support/e2e/jobs.ts'
import { connect, jobEnd, jobOf, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'
import { seededRandom } from '../support/sim/random.ts'

const PEERS = 3
const SHARDS = 2
/** A shard computes for about three seconds. */
const STEPS = 250_000
/** The kill comes within this after the submission, ms. */
const WITHIN_MS = 7_000
const DOWN_MS = 300

export interface KillResult {
  readonly victim: string
  readonly afterMs: number
  readonly problems: readonly string[]
  /** From the start of the new process until it is ready. */
  readonly readyMs: number
}

type Api = Child<{ api: string }>

/** The processes of the world, each replaced when it is killed. */
class Crowd {
  readonly #world: World
  readonly #children: Api[] = []
  readonly #providers: Api[]
  buyer: Buyer

  constructor(world: World, buyer: Buyer) {
    this.#world = world
    this.buyer = buyer
    this.#providers = world.net.peers.map(p => p.child)
  }

  /** 0 is the requester. */
  nameOf = (who: number): string => (who === 0 ? 'requester' : (this.#world.net.peers[who - 1]?.name ?? ''))

  /** Network identity of a provider; empty for the requester. */
  peerOf = (who: number): string => this.#world.net.peers[who - 1]?.peer ?? ''

  /** Kills, starts again, and tells how long that took. */
  async kill(who: number): Promise<number> {
    const home = who === 0 ? this.#world.net.requester.home : (this.#world.net.peers[who - 1]?.home ?? '')
    await (who === 0 ? this.buyer.child : this.#providers[who - 1])?.kill()
    await systemClock.sleep(DOWN_MS)
    const begun = performance.now()
    const log = join(this.#world.net.folder, 'logs', `${this.nameOf(who)}-again.log`)
    const child = await startChild<{ api: string }>(this.nameOf(who), {
      args: ['up', '--home', home],
      env: {},
      log
    })
    const readyMs = Math.round(performance.now() - begun)
    this.#children.push(child)
    if (who === 0) this.buyer = { child, client: await connect(home) }
    else this.#providers[who - 1] = child
    return readyMs
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(c => c.stop()))
  }
}

const resultsOf = async (out: string): Promise<string[]> =>
  await Promise.all(
    Array.from({ length: SHARDS }, (_, s) =>
      readFile(join(out, String(s), 'final.txt'), 'utf8').catch(() => '')
    )
  )

/**
 * `victim`: the provider that was killed. It may come back with a result for which it was given up, and is paid for it; nobody else
 * is paid for a shard that another one delivered.
 */
function judgeJob(job: FullJobView, results: readonly string[], expected: string, victim: string): string[] {
  const problems: string[] = []
  if (job.state !== 'settled') problems.push(`the job is ${job.state}: ${story(job)}`)
  const full = job.executionList.filter(e => e.state === 'settled' && e.acknowledged === e.price)
  for (let shard = 0; shard < SHARDS; shard++) {
    const paid = full.filter(e => e.shard === shard)
    const others = paid.filter(e => e.provider !== victim)
    if (paid.length === 0 || others.length > 1 || paid.length > 2)
      problems.push(`shard ${shard} was paid in full ${paid.length} times: ${story(job)}`)
  }
  if (results.some(r => r === '' || r !== expected)) problems.push('the results are not whole')
  return problems
}

/** One job in which `who` is killed `afterMs` after the submission. */
async function killOnce(
  world: World,
  crowd: Crowd,
  n: number,
  who: number,
  afterMs: number,
  expected: string
) {
  const before = await world.ledger.snapshot()
  const out = join(world.folder, `kill-${n}`)
  const overrides = nbody(STEPS, { count: SHARDS, 'limits.wall': '30s', deadline: '3m' })
  const { id } = await submit(crowd.buyer.client, NBODY, { out, overrides, deliverMargin: 10 })
  await systemClock.sleep(afterMs)
  const readyMs = await crowd.kill(who)
  const job = await jobEnd(crowd.buyer.client, id).catch(() => jobOf(crowd.buyer.client, id))
  const problems = judgeJob(job, await resultsOf(out), expected, crowd.peerOf(who))
  const books = await world.ledger.books(before, job)
  if (!books.conserved) problems.push(`the books do not add up: ${story(job)}`)
  return { victim: crowd.nameOf(who), afterMs, problems, readyMs }
}

/** A job in which nobody dies: what its results are. */
async function reference(world: World, crowd: Crowd): Promise<string> {
  const out = join(world.folder, 'reference')
  const { id } = await submit(crowd.buyer.client, NBODY, { out, overrides: nbody(STEPS, { count: SHARDS }) })
  await jobEnd(crowd.buyer.client, id)
  const [first = ''] = await resultsOf(out)
  return first
}

export async function runKills(
  count: number,
  seed: number,
  signal: AbortSignal,
  onResult: (r: KillResult) => void
): Promise<KillResult[]> {
  if (count === 0 || signal.aborted) return []
  const random = seededRandom(seed)
  const world = await startWorld('kill-9', { peers: PEERS, slots: 1, config: { lease: '4s' } })
  const crowd = new Crowd(world, await world.buyer())
  const results: KillResult[] = []
  try {
    const expected = await reference(world, crowd)
    for (let n = 0; n < count && !signal.aborted; n++) {
      const who = n % (PEERS + 1)
      const result = await killOnce(world, crowd, n, who, Math.round(random.fraction() * WITHIN_MS), expected)
      results.push(result)
      onResult(result)
    }
  } finally {
    await crowd.stop()
    await world.stop()
  }
  return results
}
