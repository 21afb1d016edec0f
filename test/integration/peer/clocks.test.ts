/**
 * Clocks that are off, stepped, set back, and machines that sleep, while a job runs through the program's own flows on simulated hours: the job
 * ends right, and nobody loses money, work or its good name by it.
 */
import { expect } from 'chai'
import type { JobEntry } from '../../../src/peer/journal/entries.ts'
import { judge } from '../../lies/judge.ts'
import { scenes, type Scene, type Who } from '../../lies/scenes.ts'
import { play } from '../../lies/stage.ts'
import { Machine, type MachineOptions } from '../../support/world/machine.ts'
import type { World } from '../../support/world/member.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND
/** The job is submitted five seconds after the beginning, and runs from the seventh on or so. */
const RUNNING = 14 * SECOND

interface Trouble {
  readonly machine?: MachineOptions
  /** What happens to the machine, by moments of the world's time, ms after its member has come. */
  readonly then?: (machine: Machine, world: World) => void
}

/** All that is unfair about how the scene ended, and the job. */
async function ended(name: string, who: Who, trouble: Trouble): Promise<{ faults: string[]; job: JobEntry }> {
  const scene = scenes.find(s => s.name === name)
  if (scene === undefined) throw new Error(`no scene ${name}`)
  // test:lies tells its stories in little time; a clock that is off by its whole allowance takes half a minute of it
  return await endOf({ ...scene, wall: 60, seconds: 120 }, who, trouble)
}

async function endOf(scene: Scene, who: Who, trouble: Trouble): Promise<{ faults: string[]; job: JobEntry }> {
  const told = await play(scene, {
    who,
    options: world => {
      const machine = new Machine(world.clock, trouble.machine)
      trouble.then?.(machine, world)
      return { machine }
    }
  })
  try {
    const journal = told.members.get('requester')?.ctx.journal
    const job = told.job === undefined ? undefined : await journal?.job(told.job)
    if (job === undefined) throw new Error('no job was submitted')
    if (process.env['SHOAL_TOLD'] === '1')
      for (const [by, m] of told.members) for (const line of m.lines) console.log(by, line)
    return { faults: await judge(scene, told, undefined), job }
  } finally {
    await told.stop()
  }
}

/** Again and again in both directions, as a time server does that cannot make up its mind. */
const ntp = (machine: Machine, world: World): void => {
  let n = 0
  world.clock.every(3 * SECOND, () => machine.step(n++ % 2 === 0 ? 5 * SECOND : -5 * SECOND))
}
const once =
  (ms: number) =>
  (machine: Machine, world: World): void =>
    void world.clock.timer(RUNNING, () => machine.step(ms))

const troubles: readonly (readonly [string, Trouble])[] = [
  ['29 s ahead', { machine: { off: 29 * SECOND } }],
  ['29 s behind', { machine: { off: -29 * SECOND } }],
  ['29 s ahead, on a chain that tells no time', { machine: { off: 29 * SECOND, timeless: true } }],
  ['29 s behind, on a chain that tells no time', { machine: { off: -29 * SECOND, timeless: true } }],
  ['stepped by five seconds again and again', { then: ntp }],
  ['set back by an hour', { then: once(-HOUR) }],
  ['set ahead by an hour', { then: once(HOUR) }]
]

const plays = ['a task with checkpoints', 'two copies', 'a task that fails by its own fault']
/** As it ends when all clocks are right. */
const endsLike = (name: string, { state, failure }: JobEntry): void => {
  if (name === 'a task that fails by its own fault') expect([name, state]).to.deep.equal([name, 'failed'])
  else expect([name, state, failure?.message]).to.deep.equal([name, 'settled', undefined])
}

describe('clocks while a job runs', function () {
  this.timeout(60_000)
  for (const [what, trouble] of troubles)
    for (const who of ['requester', 'provider-1', 'provider-2'] as const)
      it(`that of ${who} is ${what}`, async () => {
        for (const name of plays) {
          const { faults, job } = await ended(name, who, trouble)
          expect(faults, name).to.deep.equal([])
          endsLike(name, job)
        }
      })
})

describe('a machine that sleeps for an hour while a job runs', function () {
  this.timeout(60_000)
  const asleep =
    (at: number): NonNullable<Trouble['then']> =>
    (machine, world) =>
      void world.clock.timer(at, () => machine.suspend(HOUR))
  const moments = [12, 16, 22, 26].map(s => s * SECOND)

  for (const name of plays)
    for (const who of ['requester', 'provider-1', 'provider-2'] as const)
      it(`${who}, in ${name}: nobody loses by it, whatever the moment`, async () => {
        for (const at of moments) {
          const { faults, job } = await ended(name, who, { then: asleep(at) })
          // who sleeps through its lease has lost it, and that is all
          const missed = [`requester reports ${who}: broken-promise`, `requester counts 1 failures of ${who}`]
          expect(
            faults.filter(f => who === 'requester' || !missed.includes(f)),
            `${name}, ${at} ms`
          ).to.deep.equal([])
          endsLike(name, job)
        }
      })
})
