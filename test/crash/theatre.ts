/** One anvil on which run after run is played: real peers, simulated time, every run judged by the same rules. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTerminal } from '../../src/protocol/machines/machine.ts'
import { jobTable } from '../../src/protocol/machines/job.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import { Busy } from '../support/sim/busy.ts'
import { startSimChain, type SimChain } from '../support/sim/chain.ts'
import { JumpingClock } from '../support/sim/clock.ts'
import { Hub } from '../support/sim/hub.ts'
import { seededRandom } from '../support/sim/random.ts'
import { castOf, roles, type Role } from './cast.ts'
import { balances, judge, type Verdict } from './judge.ts'
import { groupOf, type Point } from './points.ts'
import { Slot, type Scene, type Seat } from './slot.ts'

/** The cast's keys come from it. */
export const SEATS_SEED = 7

export type Slots = Readonly<Record<Role, Slot>>

/** A run while it is played. */
export interface Show {
  readonly clock: Clock
  readonly slots: Slots
  readonly chain: SimChain
  /** Where the results go. */
  readonly out: string
}

export interface ShowOptions {
  readonly point?: Point
  /** The peer whose journal is late: the planted fault. */
  readonly late?: string
  /** Simulated time between two steps of a task, where it differs from the usual. */
  readonly stepMs?: Partial<Record<Role, number>>
  /** What is other about a peer. */
  readonly seats?: Partial<Record<Role, Partial<Pick<Seat, 'engine' | 'config'>>>>
  /** Copies of a shard that are all paid. */
  readonly copies?: number
  /** Blocks on top of an opening before its work begins; default 0. */
  readonly confirmations?: number
  /** Between the peers and the chain. */
  readonly rpc?: (real: RpcTransport, clock: Clock) => RpcTransport
  readonly play: (show: Show) => Promise<boolean>
}

export interface Played {
  readonly verdict: Verdict
  readonly slots: Slots
  readonly wallMs: number
}

export class Theatre {
  readonly chain: SimChain
  readonly #seats: Record<Role, Seat>
  /** The results of a run in which nothing went wrong. */
  expected: string | undefined

  private constructor(chain: SimChain, seats: Record<Role, Seat>) {
    this.chain = chain
    this.#seats = seats
  }

  static async open(): Promise<Theatre> {
    const seats = castOf(seededRandom(SEATS_SEED))
    const accounts = Object.values(seats).map(s => ({ address: s.operator, tokens: parseAmount('100') }))
    return new Theatre(await startSimChain(accounts), seats)
  }

  close = (): Promise<void> => this.chain.stop()

  async show(o: ShowOptions): Promise<Played> {
    const begun = performance.now()
    await this.chain.reset()
    const folder = await mkdtemp(join(tmpdir(), 'shoal-crash-'))
    const busy = new Busy()
    const clock = new JumpingClock(busy, (this.chain.begins + 2) * 1000)
    const served = this.chain.serve(clock, busy)
    const scene: Scene = {
      ...{ clock, busy, hub: new Hub(), late: o.late },
      network: { ...this.chain.network, confirmations: o.confirmations ?? 0 },
      transport: o.rpc?.(served.transport, clock) ?? served.transport,
      random: seededRandom(11)
    }
    const slots = this.#slots(scene, folder, o)
    const out = join(folder, 'out')
    const before = await balances(this.chain, Object.values(this.#seats))
    clock.start()
    try {
      const ended = await o.play({ clock, slots, chain: this.chain, out })
      await Promise.all(Object.values(slots).map(s => s.stop()))
      const pinsMayStay = o.point !== undefined && groupOf(o.point.mode) === 'failed'
      const verdict = await judge({
        ...{ chain: this.chain, slots, before, ended, out, pinsMayStay },
        ...{ expected: this.expected, copies: o.copies ?? 1 }
      })
      return { verdict, slots, wallMs: Math.round(performance.now() - begun) }
    } finally {
      served.stop()
      await clock.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }

  #slots(scene: Scene, folder: string, { point, stepMs, seats }: ShowOptions): Slots {
    const slot = (role: Role) => {
      const seat = {
        ...this.#seats[role],
        stepMs: stepMs?.[role] ?? this.#seats[role].stepMs,
        ...seats?.[role]
      }
      return new Slot(scene, seat, join(folder, role), point?.side === role ? point : undefined)
    }
    const [requester, provider, mortal, successor] = roles.map(slot) as [Slot, Slot, Slot, Slot]
    return { requester, provider, mortal, successor }
  }
}

/** The job has ended and none of the sellers waits for money any more. */
export async function isOver({ requester }: Slots, sellers: readonly Slot[]): Promise<boolean> {
  const jobs = await requester.ask(p => p.ctx.journal.jobs())
  if (jobs === undefined || jobs.length === 0) return false
  if (jobs.some(j => !isTerminal(jobTable, j.state))) return false
  return sellers.every(s => s.peer !== undefined && s.peer.provider?.flow.live.length === 0)
}

export const linesOf = (slots: Slots): string[] =>
  Object.entries(slots).flatMap(([name, s]) => s.lines.map(l => `${name}: ${l}`))
