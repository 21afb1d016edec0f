/** The main job of Shoal on one machine: a paid picture over five peers, one of which is killed in the middle. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemLogger } from './adapters/quiet-log.ts'
import { memoryStore } from './memory-store.ts'
import type { ApiClient } from '../api/adapters/client.ts'
import { connectToPeer } from '../api/adapters/client.ts'
import type { FeedItem } from '../api/feed.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Clock, Files, Random } from '../protocol/ports/index.ts'
import { deadline } from '../protocol/signals.ts'
import { layoutOf } from '../peer/home/layout.ts'
import { createSettlement } from '../settlement/settlement.ts'
import { startChild, type Child } from './adapters/child.ts'
import { startDevnet, type Devnet, type DevPeer } from './devnet.ts'
import type { FullJobView } from './job-type.ts'
import { reconcile, snapshot, type Books, type Holder } from './ledger.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/pathtrace/job.yaml', import.meta.url))
/** A job that takes longer than this has hung, ms. */
const JOB_MS = 150_000
/** Of each pixel: about eight seconds of one core in all. */
const SAMPLES = '80'
/** Short, so that the killed provider's escrow is refunded while one watches. Seconds. */
const WALL = '22s'
const MARGIN = 5
/** Receipts count for so long after the deadline, and the refund waits for it. */
const CHALLENGE = 10

export type DemoEvent =
  | FeedItem
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'killed'; readonly peer: string; readonly name: string }
  | { readonly kind: 'job-begins'; readonly job: FullJobView; readonly names: ReadonlyMap<string, string> }

export interface DemoParts {
  readonly clock: Clock
  readonly files: Files
  readonly random: Random
  readonly folder: string
  readonly out: string
  readonly signal: AbortSignal
  readonly onEvent: (e: DemoEvent) => void
}

export interface DemoReport {
  readonly job: FullJobView
  readonly killed: number
  readonly resumed: number
  readonly books: Books
  readonly names: readonly Holder[]
  readonly elapsedMs: number
  readonly picture: string
}

type Item = FeedItem | { readonly kind: 'snapshot'; readonly job: FullJobView }

async function startRequester(
  o: DemoParts,
  net: Devnet
): Promise<{ child: Child<unknown>; client: ApiClient }> {
  const child = await startChild('requester', {
    args: ['up', '--home', net.requester.home],
    env: {},
    log: join(net.folder, 'logs', 'requester.log'),
    signal: o.signal
  })
  const client = await connectToPeer(o.files, layoutOf(net.requester.home).api)
  if (client === undefined) throw new ShoalError('API_UNREACHABLE', 'the requester does not answer')
  return { child, client }
}

const submit = async (o: DemoParts, client: ApiClient): Promise<FullJobView> =>
  await client.call<FullJobView>(
    'POST',
    '/v1/jobs',
    {
      file: new TextDecoder().decode(await o.files.read(EXAMPLE)),
      path: EXAMPLE,
      folder: dirname(EXAMPLE),
      overrides: {
        'limits.wall': WALL,
        deadline: '2m',
        'limits.gas': '60e9',
        'task.args': ['--samples', SAMPLES],
        'match.window': '1s'
      },
      out: o.out,
      deliverMargin: MARGIN,
      challengeSeconds: CHALLENGE
    },
    o.signal
  )

/** The first provider whose checkpoint is acknowledged dies. */
function victimOf(item: Item, peers: readonly DevPeer[]): DevPeer | undefined {
  if (item.kind !== 'execution' || item.execution.state !== 'started' || item.execution.checkpoints === 0)
    return undefined
  if (item.execution.progress > 0.8) return undefined
  return peers.find(p => p.peer === item.execution.provider)
}

async function follow(
  o: DemoParts,
  client: ApiClient,
  id: string,
  peers: readonly DevPeer[]
): Promise<{ job: FullJobView; killed: number }> {
  let killed = 0
  let job: FullJobView | undefined
  const limit = deadline(o.clock, JOB_MS, 'RUN_TIMEOUT', 'the demo job hangs', o.signal)
  for await (const item of client.lines<Item>(`/v1/jobs/${id}/events`, limit.signal)) {
    if (item.kind === 'snapshot') job = item.job
    else o.onEvent(item)
    const victim = killed === 0 ? victimOf(item, peers) : undefined
    if (victim === undefined) continue
    killed++
    await victim.child.kill()
    o.onEvent({ kind: 'killed', peer: victim.peer, name: victim.name })
  }
  limit[Symbol.dispose]()
  if (job === undefined) throw new ShoalError('API_UNREACHABLE', 'the requester went away')
  return { job, killed }
}

/** Runs to the end and leaves nothing running. */
export async function runDemo(o: DemoParts): Promise<DemoReport> {
  const begun = o.clock.monotonic()
  const step = (text: string) => o.onEvent({ kind: 'step', text })
  const { files, random, clock, signal } = o
  const net = await startDevnet({
    folder: o.folder,
    peers: 5,
    slots: 2,
    files,
    random,
    clock,
    signal,
    onStep: step,
    config: { lease: '4s' }
  })
  let requester: Awaited<ReturnType<typeof startRequester>> | undefined
  const settlement = createSettlement({
    rpcUrl: net.rpcUrl,
    network: net.network,
    key: random.bytes(32),
    store: memoryStore(),
    clock,
    random,
    log: systemLogger
  })
  try {
    step('starting the requester, a light peer that listens on nothing')
    requester = await startRequester(o, net)
    await settlement.start(signal)
    const holders: Holder[] = [
      ...net.peers.map(p => ({ name: p.name, address: p.operator })),
      { name: 'requester', address: net.requester.operator },
      { name: 'fees', address: net.deployer }
    ]
    const before = await snapshot(settlement, holders, signal)
    const job = await submit(o, requester.client)
    o.onEvent({ kind: 'job-begins', job, names: new Map(net.peers.map(p => [p.peer, p.name])) })
    const end = await follow(o, requester.client, job.id, net.peers)
    const after = await snapshot(settlement, holders, signal)
    const nameOf = (operator: string) =>
      net.peers.find(p => p.operator.toLowerCase() === operator.toLowerCase())?.name ?? operator
    const books = reconcile(before, after, end.job, {
      requester: 'requester',
      treasury: 'fees',
      provider: nameOf
    })
    return {
      job: end.job,
      killed: end.killed,
      resumed: end.job.resumed,
      books,
      names: holders,
      elapsedMs: Math.round(clock.monotonic() - begun),
      picture: join(o.out, 'picture.png')
    }
  } finally {
    await settlement.stop()
    await requester?.child.stop()
    await net.stop()
  }
}
