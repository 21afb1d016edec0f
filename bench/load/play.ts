/** Plays one scene: all jobs at once, until the last has ended; and what was seen of it. */
import { join } from 'node:path'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { quantile, round } from '../support/stats.ts'
import { isScarce, leastMs, type Scene } from './scenes.ts'
import { statusOf, type Player, type World } from './world.ts'

/** Beyond the time that the slots need, for starts and the money, ms. */
const MARGIN_MS = 90_000
const ENDED = new Set(['settled', 'failed', 'cancelled'])

export interface Row {
  readonly scene: string
  readonly what: string
  readonly jobs: number
  readonly settled: number
  readonly shards: number
  /** Shards without a paid result. */
  readonly lost: number
  /** Executions that were given work and did not bring it home, though another attempt may have. */
  readonly failedAttempts: number
  /** Agreements that came to nothing: a slot that was gone by then. */
  readonly declined: number
  readonly rounds: number
  /** New ones of the scene, over all peers. */
  readonly bans: number
  readonly offences: Readonly<Record<string, number>>
  /** Budgets that were used up, and how often; no offence. */
  readonly limited: Readonly<Record<string, number>>
  /** From the first submission to the last result, ms. */
  readonly ms: number
  /** What a task takes, from the hand-over to its result (median): the hold, and engine and processor at that load. */
  readonly taskMs: number
  /** The least that the slots allow when a task takes that long. */
  readonly leastMs: number
  readonly throughput: number
  /** Whether the aim for throughput counts here. */
  readonly scarce: boolean
  /** From submission until a shard's work begins, ms. */
  readonly waitP50: number
  readonly waitP95: number
  /** Why jobs failed, and attempts. */
  readonly reasons: readonly string[]
}

type Counts = Record<string, number>
interface Seen {
  readonly bans: number
  readonly offences: Counts
  readonly limited: Counts
}

const added = (a: Counts, b: Readonly<Counts>): Counts => {
  const sum = { ...a }
  for (const [key, n] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + n
  return sum
}
const minus = (a: Counts, b: Counts): Counts =>
  Object.fromEntries(
    Object.entries(a).flatMap(([key, n]) => (n === (b[key] ?? 0) ? [] : [[key, n - (b[key] ?? 0)]]))
  )

async function look({ providers, requesters }: World): Promise<Seen> {
  let seen: Seen = { bans: 0, offences: {}, limited: {} }
  for (const { network } of await Promise.all([...providers, ...requesters].map(statusOf)))
    seen = {
      bans: seen.bans + network.bans.length,
      offences: added(seen.offences, network.offences),
      limited: added(seen.limited, network.limited)
    }
  return seen
}

interface Line {
  readonly at: number
  readonly what: string
}
interface Played {
  readonly job: FullJobView
  readonly submitted: number
  readonly history: readonly Line[]
}

async function runJob(
  world: World,
  by: Player,
  scene: Scene,
  index: number,
  deadline: number
): Promise<Played> {
  const { client } = by
  const submitted = systemClock.now()
  const name = `${scene.name.replaceAll(' ', '-')}-${index}`
  const file = [
    `name: ${name}`,
    `task: { module: task.wasm, args: ["hold=${scene.holdMs}"] }`,
    `count: ${scene.shards}`,
    `limits: { gas: 1e9, wall: ${Math.ceil(scene.holdMs / 1000) + 30}s }`,
    `deadline: ${Math.ceil(deadline / 1000)}s`,
    ''
  ].join('\n')
  const body = { file, path: join(world.folder, `${name}.yaml`), folder: world.folder, overrides: {} }
  const out = join(world.folder, 'out', `${name}-${submitted}`)
  let job = await client.call<FullJobView>('POST', '/v1/jobs', { ...body, out }, world.signal)
  while (!ENDED.has(job.state)) {
    await systemClock.sleep(1_000, world.signal)
    job = await client.call<FullJobView>('GET', `/v1/jobs/${job.id}`, undefined, world.signal)
  }
  const path = `/v1/jobs/${job.id}/history`
  const { history } = await client.call<{ history: Line[] }>('GET', path, undefined, world.signal)
  return { job, submitted, history }
}

/** Times at which work began, ms since submission: of the attempts that brought a result. */
const waitsOf = ({ submitted, history }: Played): number[] =>
  history.flatMap(l => (l.what.endsWith(': task handed over') ? [l.at - submitted] : []))
const lastResult = ({ history }: Played): number =>
  Math.max(0, ...history.flatMap(l => (l.what.endsWith(': result announced') ? [l.at] : [])))

/** From the hand-over of each attempt to its result, ms. */
function tasksOf({ history }: Played): number[] {
  const began = new Map<string, number>()
  return history.flatMap(({ at, what }) => {
    const [name = '', step] = what.split(': ')
    if (step === 'task handed over') began.set(name, at)
    const from = began.get(name)
    return step === 'result announced' && from !== undefined ? [at - from] : []
  })
}

function reasonsOf(played: readonly Played[]): string[] {
  const counts = new Map<string, number>()
  const note = (text: string): void => void counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const { job } of played) {
    if (job.state !== 'settled')
      note(`job ${job.state}: ${job.failure?.code ?? ''} ${job.failure?.message ?? ''}`)
    for (const e of job.executionList)
      if (e.state !== 'settled' && e.failure !== undefined)
        note(`${e.state}: ${e.failure.code} ${e.failure.message}`)
  }
  return [...counts].map(([text, n]) => `${n} x ${text.slice(0, 160)}`)
}

export async function play(world: World, scene: Scene): Promise<Row> {
  await world.open(scene.providers)
  const before = await look(world)
  const buyers = world.requesters.slice(0, scene.requesters)
  const begun = systemClock.now()
  const deadline = 2 * leastMs(scene) + MARGIN_MS
  const played = await Promise.all(
    Array.from({ length: scene.jobs }, (_, i) => {
      const by = buyers[i % buyers.length]
      if (by === undefined) throw new Error(`the scene ${scene.name} has no requester`)
      return runJob(world, by, scene, i, deadline)
    })
  )
  const after = await look(world)
  const shards = scene.jobs * scene.shards
  const done = played.reduce((sum, p) => sum + p.job.shardsDone, 0)
  const executions = played.flatMap(p => p.job.executionList)
  const ms = Math.max(...played.map(lastResult)) - begun
  const waits = played.flatMap(waitsOf)
  const taskMs = Math.round(quantile(played.flatMap(tasksOf), 0.5))
  const least = leastMs(scene, taskMs)
  return {
    ...{ scene: scene.name, what: scene.what, jobs: scene.jobs, shards },
    settled: played.filter(p => p.job.state === 'settled').length,
    lost: shards - done,
    failedAttempts: executions.filter(e => ['lost', 'disputed', 'refunded', 'cancelled'].includes(e.state))
      .length,
    declined: executions.filter(e => e.state === 'declined' || e.state === 'withdrawn').length,
    rounds: played.reduce((sum, p) => sum + p.history.filter(l => /^round \d/.test(l.what)).length, 0),
    bans: after.bans - before.bans,
    offences: minus(after.offences, before.offences),
    limited: minus(after.limited, before.limited),
    ...{ ms, taskMs, leastMs: least, scarce: isScarce(scene) },
    throughput: done < shards ? 0 : round(least / ms, 2),
    waitP50: Math.round(quantile(waits, 0.5)),
    waitP95: Math.round(quantile(waits, 0.95)),
    reasons: reasonsOf(played)
  }
}
