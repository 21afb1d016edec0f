/** One robber at work on a devnet: its own process and home, one job, and what the chain, its provider and its own program say of it after. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
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
import { buyerName, connect, jobEnd, type Buyer, type World } from './world.ts'

export type Closed = Extract<SettlementEvent, { kind: 'closed' }>
export type Execution = FullJobView['executionList'][number]

/** What a provider says of an agreement. */
export interface Provision {
  readonly agreement: string
  readonly state: string
  readonly failure?: { readonly code: string; readonly message: string }
}

/** Steps that take a tenth of a second or less and 4e8 of gas, without a checkpoint. */
const SHORT = ['--bodies', '24', '--steps', '6000', '--every', '12000']
/** One shard, bought once, with 1e9 of gas. */
export const short = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  ...{ count: 1, retries: 0, 'task.args': SHORT, 'limits.gas': '1e9', 'limits.wall': '5s' },
  ...more
})

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

  /** Ready when it runs. `index`: of the home among the requesters of the devnet. */
  static async start({ net }: World, robber: Robber, index: number): Promise<Player> {
    const home = net.requesters[index]?.home
    if (home === undefined) throw new Error(`the devnet has no home ${index}`)
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
  async closed(): Promise<Closed> {
    const found = (await this.events()).find(e => e.kind === 'closed')
    if (found?.kind !== 'closed') throw new Error('the escrow is not closed')
    return found
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

  /** Lines of the provider's log about this agreement, as they are written. */
  async logged(): Promise<string[]> {
    const text = await readFile(layoutOf(this.provider.home).log, 'utf8')
    return text.split('\n').filter(line => line.includes(this.execution.agreement))
  }

  /** What `shoal job` tells the robber. */
  async told(): Promise<string> {
    return (await shoal(['job', this.job.id], { home: this.home })).stdout
  }
}

/** Submits a job on a home that runs, as `shoal run` does, and waits until it and its money have ended. */
export async function play(
  world: World,
  home: string,
  name: string,
  o: Partial<SubmitOptions> = {}
): Promise<Heist> {
  const client = await connect(home)
  await until(`${name} knows both providers`, 30_000, async () => {
    const { offers } = await client.call<{ offers: unknown[] }>('GET', '/v1/offers')
    return offers.length >= world.net.peers.length
  })
  const sent = await submit(client, NBODY, {
    ...{ out: join(world.folder, name), challengeSeconds: 6, overrides: short() },
    ...o
  })
  return new Heist(world, home, await jobEnd(client, sent.id, 150_000))
}

export type { Buyer }
