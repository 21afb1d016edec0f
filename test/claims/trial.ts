/** One trial: honest peers, a slow one and one machine under three names claim the same class; who is believed? */
import type { ClassRule } from '../../src/market/classes.ts'
import { productAnswerer } from '../../src/peer/capacity/answers/product.ts'
import type { Multiplier } from '../../src/protocol/ports/capacity.ts'
import { seededRandom } from '../support/sim/random.ts'
import { SessionClock } from './clock.ts'
import { Machine } from './machine.ts'
import { Stage, type Actor } from './stage.ts'

/** Rows; small, so that a trial takes a second: the simulated machines are as much slower than real ones. */
const SIZE = 192
/** What the class needs, million multiply-adds a second; 7.1 million of them then take 177 ms. */
const NEEDED = 40
const RULES: readonly ClassRule[] = [{ class: 'high-end', needs: { cpu: NEEDED } }]
const BEGIN = 1_800_000_000_000

export const SLOW_WAYS = ['computes all', 'computes a part of the rows'] as const
export const SHARED_WAYS = [
  'all at once',
  'one after the other',
  'one answers',
  'one online at a time'
] as const
export type Way = (typeof SLOW_WAYS)[number] | (typeof SHARED_WAYS)[number]

export interface Judged {
  readonly name: string
  readonly way: string
  readonly honest: boolean
  /** Capacity of its machine over what the class needs. */
  readonly has: number
  /** What was proven over what the class needs. */
  readonly proven: number
  readonly believed: boolean
}

/** Runs the three one after the other, so that the first looks as fast as the whole machine. */
function queued(machine: Machine, clock: SessionClock): Multiplier {
  let last: Promise<unknown> = Promise.resolve()
  const { lanes, multiply } = machine.multiplier()
  return {
    lanes,
    multiply: (m, signal) => {
      const before = last
      const next = clock.waiting(() => before).then(() => multiply(m, signal))
      last = next.catch(() => undefined)
      return next
    }
  }
}

export async function trial(seed: number): Promise<Judged[]> {
  const clock = new SessionClock(BEGIN)
  const random = seededRandom(seed)
  const stage = new Stage(clock, random, RULES)
  try {
    return await play(stage, clock, seed)
  } finally {
    await stage.close()
  }
}

async function play(stage: Stage, clock: SessionClock, seed: number): Promise<Judged[]> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1))
  const between = (low: number, high: number): number => low + (high - low) * random.fraction()
  const machine = (has: number): Machine => new Machine(has * NEEDED * 1_000, clock, random)
  const rows: { actor: Actor; honest: boolean; has: number; way: string }[] = []
  const join = async (
    name: string,
    host: string,
    multiplier: Multiplier,
    more: object = {}
  ): Promise<Actor> =>
    await stage.cast({
      name,
      host,
      answerers: new Map([['cpu', productAnswerer(multiplier, false)]]),
      ...more
    })

  const judges = [0, 1].map(i => join(`challenger ${i}`, `198.51.100.${i + 1}`, machine(1).multiplier()))
  const challengers = await Promise.all(judges)
  for (const i of [1, 2]) {
    const has = between(1.35, 3)
    const actor = await join(`honest ${i}`, `203.0.113.${i}`, machine(has).multiplier())
    rows.push({ actor, honest: true, has, way: '' })
  }
  const slow = between(0.3, 0.75)
  const slowWay = SLOW_WAYS[seed % SLOW_WAYS.length] ?? SLOW_WAYS[0]
  const share = slowWay === 'computes all' ? 1 : slow / 1.3
  rows.push({
    actor: await join('slow', '203.0.113.9', machine(slow).multiplier(share)),
    ...{ honest: false, has: slow, way: slowWay }
  })
  // one machine that has what the class needs, once
  const sharedHas = between(1.35, 2)
  const one = machine(sharedHas)
  const sharedWay = SHARED_WAYS[seed % SHARED_WAYS.length] ?? SHARED_WAYS[0]
  const line = sharedWay === 'one after the other' ? queued(one, clock) : one.multiplier()
  const shared: Actor[] = []
  for (const i of [0, 1, 2]) {
    const busyNow = () => (sharedWay === 'one answers' && i > 0 ? 'busy' : undefined)
    const actor = await join(`shared ${i}`, '203.0.113.50', line, { busy: busyNow })
    shared.push(actor)
    rows.push({ actor, honest: false, has: sharedHas, way: sharedWay })
  }

  const others = rows.map(r => r.actor).filter(a => !shared.includes(a))
  await stage.show([...challengers, ...others])
  if (sharedWay === 'one online at a time')
    for (const alone of shared) {
      await stage.show([...challengers, alone])
      for (const by of challengers) await stage.session(by, alone, { kind: 'cpu', size: SIZE })
      await clock.sleep(120_000) // the others' adverts are gone by then
    }
  await stage.show([...challengers, ...others, ...shared])
  for (const by of challengers) {
    for (const { actor } of rows) await stage.session(by, actor, { kind: 'cpu', size: SIZE })
    await clock.sleep(1_000)
    await stage.show([...challengers, ...others, ...shared])
  }
  return rows.map(({ actor, honest, has, way }) => ({
    ...{ name: actor.name, honest, has, way },
    proven: stage.provenOf(actor).cpu / NEEDED,
    believed: stage.classOf(actor) === 'high-end'
  }))
}
