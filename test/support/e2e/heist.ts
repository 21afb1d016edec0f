/** One robber at work on a devnet: its own process and home, one job, and what the chain, its provider and its own program say of it after. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { ApiClient } from '../../../src/api/adapters/client.ts'
import { startChild, type Child } from '../../../src/devnet/adapters/child.ts'
import type { DevPeer } from '../../../src/devnet/devnet.ts'
import type { FullJobView } from '../../../src/devnet/job-type.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import { disputeBondOf } from '../../../src/protocol/machines/escrow.ts'
import { parseAmount } from '../../../src/protocol/money.ts'
import type { SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import type { TreeCopy } from '../../mutants/copy.ts'
import { shoal, until } from './cli.ts'
import { NBODY, submit, type SubmitOptions } from './jobs.ts'
import { treeOf, type Robber } from './robbers.ts'
import { buyerName, connect, jobEnd, type World } from './world.ts'

export type Closed = Extract<SettlementEvent, { kind: 'closed' }>
export type Execution = FullJobView['executionList'][number]

/** What a provider says of an agreement. */
export interface Provision {
  readonly agreement: string
  readonly state: string
  readonly failure?: { readonly code: string; readonly message: string }
}

/** A line of a provider's log, as far as refusals go. */
export interface Warning {
  readonly msg: string
  readonly requester?: string
  readonly code?: string
  readonly reason?: string
  readonly refusal?: {
    readonly code: string
    readonly term?: string
    readonly offered?: string
    readonly given?: string
  }
}

/** Steps that take a tenth of a second or less and 4e8 of gas, without a checkpoint. */
const SHORT = ['--bodies', '24', '--steps', '6000', '--every', '12000']
/** One shard, bought once, with 1e9 of gas. */
export const short = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  ...{ count: 1, retries: 0, 'task.args': SHORT, 'limits.gas': '1e9', 'limits.wall': '5s' },
  ...more
})

/** From a home that buys to one that sells. */
async function makeSeller(file: string): Promise<void> {
  const config = parse(await readFile(file, 'utf8')) as object
  const selling = { profile: 'full', provider: { slots: 1 }, wallet: { autoDeposit: '10' } }
  await writeFile(file, stringify({ ...config, ...selling }))
}

/** A program in a process of its own, on one of the devnet's funded homes. */
export class Player {
  readonly home: string
  /** Of its account in snapshots. */
  readonly name: string
  readonly #tree: TreeCopy
  readonly #child: Child<unknown>

  private constructor(home: string, name: string, tree: TreeCopy, child: Child<unknown>) {
    this.home = home
    this.name = name
    this.#tree = tree
    this.#child = child
  }

  /** Ready when it runs. `index`: of the home among the requesters of the devnet. `sells`: a full peer with one slot. */
  static async start({ net }: World, robber: Robber, index: number, sells = false): Promise<Player> {
    const home = net.requesters[index]?.home
    if (home === undefined) throw new Error(`the devnet has no home ${index}`)
    if (sells) await makeSeller(layoutOf(home).config)
    const tree = await treeOf(robber)
    try {
      const child = await startChild<unknown>(robber, {
        program: join(tree.root, 'bin/shoal.mjs'),
        args: ['up', '--home', home],
        env: {},
        log: join(net.folder, 'logs', `${robber}.log`)
      })
      return new Player(home, buyerName(index), tree, child)
    } catch (e) {
      await tree.remove()
      throw e
    }
  }

  async stop(): Promise<void> {
    await this.#child.stop()
    await this.#tree.remove()
  }
}

/** A job of one shard and how it came out. */
export class Heist {
  readonly #world: World
  readonly home: string
  readonly job: FullJobView

  constructor(world: World, home: string, job: FullJobView) {
    this.#world = world
    this.home = home
    this.job = job
  }

  /** The execution that was paid for, or was to be. */
  get execution(): Execution {
    const found = this.job.executionList.find(e => e.state !== 'declined')
    if (found === undefined) throw new Error('nobody agreed')
    return found
  }

  get provider(): DevPeer {
    const found = this.#world.net.peers.find(p => p.operator === this.execution.operator)
    if (found === undefined) throw new Error('no provider of this devnet')
    return found
  }

  get price(): bigint {
    return parseAmount(this.execution.price)
  }

  /** What the requester of this agreement has locked beside the price. */
  disputeBond(bond: bigint): bigint {
    return disputeBondOf({ price: this.price, bond } satisfies Pick<Agreement, 'price' | 'bond'>)
  }

  events(): Promise<SettlementEvent[]> {
    return this.#world.ledger.history(this.execution.agreement)
  }

  /** How the escrow ended, from the chain. */
  closed(): Promise<Closed> {
    return this.closedOf(this.execution.agreement)
  }

  /** The same of another agreement. */
  async closedOf(agreement: string): Promise<Closed> {
    const found = (await this.#world.ledger.history(agreement)).find(e => e.kind === 'closed')
    if (found?.kind !== 'closed') throw new Error('the escrow is not closed')
    return found
  }

  /** How long after its commit on the chain the result was shown to the requester, ms; less than nothing when it was shown before. */
  async shownAfterCommit(): Promise<number> {
    const { deliveredAt } = await this.#world.ledger.escrow(this.execution.agreement)
    const client = await connect(this.home)
    const { history } = await client.call<{ history: { at: number; what: string }[] }>(
      'GET',
      `/v1/jobs/${this.job.id}/history`
    )
    const shown = history.find(h => h.what.includes('result announced'))
    if (shown === undefined) throw new Error('no result was shown')
    return shown.at - Number(deliveredAt) * 1000
  }

  async provision(): Promise<Provision> {
    const { executions } = await this.provider.client.call<{ executions: Provision[] }>(
      'GET',
      '/v1/executions'
    )
    const found = executions.find(e => e.agreement === this.execution.agreement)
    if (found === undefined) throw new Error('its provider knows nothing of it')
    return found
  }

  /** Warnings in the provider's log about this agreement. */
  async logged(): Promise<Warning[]> {
    const text = await readFile(layoutOf(this.provider.home).log, 'utf8')
    const lines = text.split('\n').filter(line => line.includes(this.execution.agreement))
    return lines.map(line => JSON.parse(line) as Warning)
  }

  /** What `shoal job` tells the robber. */
  async told(): Promise<string> {
    return (await shoal(['job', this.job.id], { home: this.home })).stdout
  }
}

/** A job under way. */
export interface Begun {
  readonly id: string
  readonly client: ApiClient
  /** Ends when the job and its money have. */
  end(): Promise<Heist>
}

/** Jobs begun so far: each has a place of its own for its result. */
let begun = 0

/** Submits a job on a home whose peer runs, as `shoal run` does. */
export async function begin(
  world: World,
  home: string,
  name: string,
  o: Partial<SubmitOptions> = {}
): Promise<Begun> {
  const client = await connect(home)
  await until(`${name} knows every provider`, 30_000, async () => {
    const { offers } = await client.call<{ offers: unknown[] }>('GET', '/v1/offers')
    return offers.length >= world.net.peers.length
  })
  const { id } = await submit(client, NBODY, {
    ...{ out: join(world.folder, `${name}-${++begun}`), challengeSeconds: 6, overrides: short() },
    ...o
  })
  return { id, client, end: async () => new Heist(world, home, await jobEnd(client, id, 150_000)) }
}

export const play = async (...args: Parameters<typeof begin>): Promise<Heist> =>
  await (await begin(...args)).end()
