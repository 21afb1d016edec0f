/** The soak's network: a devnet, two of whose homes run as subjects, a crowd that comes and goes, and a stream of jobs. */
import { mkdir, mkdtemp, cp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectToPeer, type ApiClient } from '../../src/api/adapters/client.ts'
import { startDevnet } from '../../src/devnet/devnet.ts'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { nbody, NBODY } from '../../test/support/e2e/jobs.ts'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { startWorker, type Worker } from './worker.ts'

/** Ended jobs and executions kept, so that what is on the disk reaches its level within the soak. */
const KEEP = { jobs: 20, executions: 20 }

export interface World {
  readonly full: Worker
  readonly light: Worker
  readonly churn: Worker
  readonly client: ApiClient
  readonly folder: string
  stop(): Promise<void>
}

export async function startWorld(o: {
  readonly churnMs: number
  readonly plant: boolean
  readonly signal: AbortSignal
}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-soak-'))
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const f of undo.splice(0).reverse()) await f()
  }
  try {
    const base = { files: nodeFiles, random: systemRandom, clock: systemClock, signal: o.signal }
    const net = await startDevnet({
      folder: join(folder, 'net'),
      peers: 3,
      slots: 2,
      ...base,
      config: { keep: KEEP }
    })
    undo.push(() => net.stop())
    const subject = net.peers[1]
    if (subject === undefined) throw new Error('no peer for the subject')
    // its home runs as the subject from now on
    await subject.child.stop()
    const plant = o.plant ? ['plant'] : ['none']
    const full = await startWorker('subject.ts', [subject.home, ...plant])
    undo.push(() => full.kill())
    const light = await startWorker('subject.ts', [net.requester.home, ...plant])
    undo.push(() => light.kill())
    const crowd = join(folder, 'crowd')
    await mkdir(join(crowd, 'like'), { recursive: true })
    await cp(net.requester.home, join(crowd, 'like'), {
      recursive: true,
      filter: path => !/(journal|blocks|p2p|logs)$/.test(path)
    })
    const config = join(crowd, 'like', 'config.yaml')
    await writeFile(config, (await readFile(config, 'utf8')).replace(/autoDeposit: .*/, 'autoDeposit: "0"'))
    const churn = await startWorker('churn.ts', [crowd, String(o.churnMs)])
    undo.push(() => churn.kill())
    const client = await connectToPeer(nodeFiles, layoutOf(net.requester.home).api)
    if (client === undefined) throw new Error('the requester does not answer')
    return { full, light, churn, client, folder, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

/** What became of jobs or visits, by name: how often. */
export type Tally = Readonly<Record<string, number>>

/** One job after another, one begun each `everyMs`: two shards with checkpoints. Resolves when the signal aborts; how many settled, and why others did not. */
export async function streamJobs(
  world: World,
  everyMs: number,
  signal: AbortSignal
): Promise<{ settled: number; other: Tally }> {
  const file = await readFile(NBODY, 'utf8')
  const counts: { settled: number; other: Record<string, number> } = { settled: 0, other: {} }
  const count = (why: string): void => void (counts.other[why] = (counts.other[why] ?? 0) + 1)
  const live = new Set<Promise<void>>()
  const one = async (n: number): Promise<void> => {
    const out = join(world.folder, `out-${n}`)
    const body = { file, path: NBODY, folder: dirname(NBODY), overrides: nbody(2_000, { count: 2 }), out }
    const { id } = await world.client.call<FullJobView>('POST', '/v1/jobs', body)
    let state = ''
    for await (const item of world.client.lines<{ job?: FullJobView }>(`/v1/jobs/${id}/events`))
      state = item.job?.state ?? state
    if (state === 'settled') counts.settled++
    else count(state)
    await rm(out, { recursive: true, force: true })
  }
  for (let n = 0; !signal.aborted; n++) {
    const done: Promise<void> = one(n)
      .catch((e: unknown) => count(e instanceof Error ? e.message.slice(0, 120) : String(e)))
      .finally(() => live.delete(done))
    live.add(done)
    if (live.size >= 8) await Promise.race(live)
    await systemClock.sleep(everyMs, signal).catch(() => undefined)
  }
  await Promise.race([Promise.allSettled(live), systemClock.sleep(60_000)])
  return counts
}
