/** A devnet with a requester in its own process, and the chain's own account of who owns what. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectToPeer, type ApiClient } from '../../../src/api/adapters/client.ts'
import { startChild, type Child } from '../../../src/devnet/adapters/child.ts'
import { startDevnet, type Devnet, type DevnetOptions } from '../../../src/devnet/devnet.ts'
import type { FullJobView } from '../../../src/devnet/job-type.ts'
import { reconcile, snapshot, type Books, type Holder, type Snapshot } from '../../../src/devnet/ledger.ts'
import { memoryStore } from '../../../src/devnet/memory-store.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { AgreementId } from '../../../src/protocol/ids.ts'
import type { Escrow, Settlement, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import { loadNetwork } from '../../../src/settlement/network.ts'
import { createSettlement } from '../../../src/settlement/settlement.ts'
import { noLog } from '../tasks.ts'
import { until } from './cli.ts'

export const temporaryFolder = (name: string): Promise<string> =>
  mkdtemp(join(tmpdir(), `shoal-e2e-${name}-`))
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

/** A peer of ours that only buys. */
export interface Buyer {
  readonly client: ApiClient
  readonly child: Child<{ api: string }>
}

export async function connect(home: string): Promise<ApiClient> {
  const client = await connectToPeer(nodeFiles, layoutOf(home).api)
  if (client === undefined) throw new Error(`no peer runs on ${home}`)
  return client
}

export async function startBuyer(home: string, log: string): Promise<Buyer> {
  const child = await startChild<{ api: string }>('requester', { args: ['up', '--home', home], env: {}, log })
  return { child, client: await connect(home) }
}

/** Reads the chain as a stranger would. */
export class Ledger {
  readonly #settlement: Settlement
  readonly #holders: readonly Holder[]
  readonly #names = new Map<string, string>()

  constructor(rpcUrl: string, networkFile: string, holders: readonly Holder[]) {
    this.#holders = holders
    for (const h of holders) this.#names.set(h.address.toLowerCase(), h.name)
    this.#settlement = createSettlement({
      rpcUrl,
      network: loadNetwork(networkFile),
      key: systemRandom.bytes(32),
      store: memoryStore(),
      clock: systemClock,
      random: systemRandom,
      log: noLog
    })
  }

  start = (): Promise<void> => this.#settlement.start(new AbortController().signal)
  stop = (): Promise<void> => this.#settlement.stop()
  snapshot = (): Promise<Snapshot> => snapshot(this.#settlement, this.#holders)
  /** The escrow of one agreement as it is now. */
  escrow = (agreement: string): Promise<Escrow> => this.#settlement.escrow(agreement as AgreementId, {})
  /** What the chain says of one agreement, the oldest first. */
  history = (agreement: string): Promise<SettlementEvent[]> =>
    this.#settlement.history(agreement as AgreementId, {})

  /** Of one job or several that ended since `before`. */
  async books(before: Snapshot, ...jobs: FullJobView[]): Promise<Books> {
    const [first] = jobs
    if (first === undefined) throw new Error('no job to reconcile')
    const all = { ...first, executionList: jobs.flatMap(j => [...j.executionList]) }
    return reconcile(before, await this.snapshot(), all, {
      requester: 'requester',
      treasury: 'fees',
      provider: operator => this.#names.get(operator.toLowerCase()) ?? operator
    })
  }
}

/** Requesters of a devnet, the first among them, as their homes are called. */
export const buyerName = (i: number): string => (i === 0 ? 'requester' : `requester-${i + 1}`)

export interface World {
  readonly folder: string
  readonly net: Devnet
  readonly ledger: Ledger
  buyer(): Promise<Buyer>
  stop(): Promise<void>
}

/** Everything ends with `stop`, which a hook must call. `prepare` is given the devnet's folder before anything stands in it. */
export async function startWorld(
  name: string,
  options: Pick<DevnetOptions, 'peers' | 'slots' | 'config' | 'through' | 'requesters'>,
  prepare: (net: string) => Promise<void> = async () => undefined
): Promise<World> {
  const folder = await temporaryFolder(name)
  await prepare(join(folder, 'net'))
  const net = await startDevnet({
    folder: join(folder, 'net'),
    files: nodeFiles,
    random: systemRandom,
    clock: systemClock,
    ...options
  })
  const networkFile = new TextDecoder().decode(await nodeFiles.read(layoutOf(net.requester.home).network))
  const ledger = new Ledger(net.rpcUrl, networkFile, [
    ...net.peers.map(p => ({ name: p.name, address: p.operator })),
    ...net.requesters.map((r, i) => ({ name: buyerName(i), address: r.operator })),
    { name: 'fees', address: net.deployer }
  ])
  await ledger.start()
  const buyers: Buyer[] = []
  return {
    folder,
    net,
    ledger,
    buyer: async () => {
      const buyer = await startBuyer(net.requester.home, join(net.folder, 'logs', 'requester.log'))
      buyers.push(buyer)
      return buyer
    },
    stop: async () => {
      await ledger.stop()
      for (const b of buyers) await b.child.stop()
      await net.stop()
      if (process.env['SHOAL_KEEP'] === undefined) await removeFolder(folder)
    }
  }
}

export const jobOf = (client: ApiClient, id: string): Promise<FullJobView> =>
  client.call<FullJobView>('GET', `/v1/jobs/${id}`)

/** Polls a job until it looks as wanted. */
export const jobUntil = (
  client: ApiClient,
  id: string,
  what: string,
  wanted: (job: FullJobView) => boolean,
  ms = 90_000
): Promise<FullJobView> =>
  until(what, ms, async () => {
    const job = await jobOf(client, id)
    return wanted(job) ? job : undefined
  })

const ENDED = new Set(['settled', 'failed', 'cancelled'])
export const jobEnd = (client: ApiClient, id: string, ms = 120_000): Promise<FullJobView> =>
  jobUntil(client, id, 'the job ends', j => ENDED.has(j.state), ms)

/** What went wrong, for the message of a failed expectation. */
export const story = (job: FullJobView): string =>
  JSON.stringify({
    state: job.state,
    failure: job.failure,
    executions: job.executionList.map(e =>
      [
        `${e.shard}/${e.attempt}/${e.copy}`,
        e.state,
        e.failure?.code,
        e.failure?.message,
        e.closing?.outcome
      ].join(' ')
    )
  })
