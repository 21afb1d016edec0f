/** What is sold is what is there: the offer follows what the machine has free, less a reserve and what is promised. */
import { expect } from 'chai'
import { loadConfig } from '../../../../src/peer/home/config.ts'
import { PolicyKeeper } from '../../../../src/peer/policy/keeper.ts'
import {
  DESCRIPTORS_EACH,
  DISK_LEAST,
  MEMORY_LEAST,
  roomOf,
  roomRefusal,
  tasksFor,
  type Promised
} from '../../../../src/peer/policy/room.ts'
import type { Free } from '../../../../src/peer/policy/room-port.ts'
import { promisedBy } from '../../../../src/peer/provider/promised.ts'
import { roomView } from '../../../../src/peer/provider/view.ts'
import type { ProviderEntry } from '../../../../src/peer/journal/entries.ts'
import type { Address } from '../../../../src/protocol/ids.ts'
import { GiB, MiB } from '../../../../src/protocol/limits.ts'
import { ManualClock } from '../../../support/clock.ts'
import { noLog } from '../../../support/tasks.ts'

const NOBODY = `0x${'00'.repeat(20)}` as Address
const LIMITS = {
  memory: GiB,
  disk: 2 * GiB,
  reserve: { memory: 256 * MiB, disk: 512 * MiB, descriptors: 128 }
}
const PLENTY: Free = { memory: 64 * GiB, disk: 900 * GiB, descriptors: 100_000, tasks: 0 }
const UNKNOWN: Free = { memory: undefined, disk: undefined, descriptors: undefined, tasks: undefined }
const task = (memory: number, disk: number, started = false): Promised => ({
  needs: { memoryBytes: memory, diskBytes: disk, outputBytes: MiB },
  started
})

describe('what is on offer of a machine', () => {
  it('is what is configured where there is plenty, and where nothing can be told', () => {
    for (const free of [PLENTY, UNKNOWN]) {
      const room = roomOf(LIMITS, free, [task(GiB, GiB), task(GiB, GiB, true)])
      expect([room.memory, room.disk, room.reasons, room.closed]).to.deep.equal([GiB, 2 * GiB, [], undefined])
    }
    expect(tasksFor(roomOf(LIMITS, UNKNOWN, []), task(GiB, GiB).needs)).to.equal(Infinity)
  })

  it('shrinks with what is free less the reserve, says why, and ends below what any task needs', () => {
    const at = (more: Partial<Free>) => roomOf(LIMITS, { ...PLENTY, ...more }, [])
    const less = at({ memory: 768 * MiB, disk: GiB })
    expect([less.memory, less.disk, less.closed]).to.deep.equal([512 * MiB, 512 * MiB, undefined])
    expect(less.reasons).to.have.lengthOf(2)
    expect(less.reasons[0]).to.match(
      /^memory: 768.* free, 256.* kept back \(provider\.reserve\.memory\); 512.* of 1.* are on offer$/
    )
    // the reserve alone, and a little more than that
    for (const memory of [0, 256 * MiB, 256 * MiB + MEMORY_LEAST - 1])
      expect(at({ memory }).closed, String(memory)).to.match(/^memory: .* nothing is on offer$/)
    expect(at({ memory: 256 * MiB + MEMORY_LEAST }).memory).to.equal(MEMORY_LEAST)
    // 29 MiB on a full disk
    expect(at({ disk: 29 * MiB }).closed).to.match(
      /^disk: 29.* free, 512.* kept back \(provider\.reserve\.disk\); nothing/
    )
    expect(at({ disk: 512 * MiB + DISK_LEAST }).disk).to.equal(DISK_LEAST)
    expect(at({ descriptors: 128 + DESCRIPTORS_EACH - 1 }).closed).to.match(
      /^descriptors: 159 may still be opened/
    )
    expect(at({ descriptors: 128 + 3 * DESCRIPTORS_EACH })).to.include({ tasks: 3, closed: undefined })
  })

  it('has no longer what was promised, and counts what a running task holds once', () => {
    const free = { ...PLENTY, memory: 2_304 * MiB } // 2 GiB beside the reserve
    const left = (tasks: number | undefined, ...all: Promised[]) =>
      roomOf(LIMITS, { ...free, tasks }, all).memoryLeft
    expect(left(0)).to.equal(2 * GiB)
    expect(left(0, task(GiB, 0))).to.equal(GiB)
    // it runs and holds 600 MiB, which are not free any more: 424 are due
    expect(left(600 * MiB, task(GiB, 0, true))).to.equal(2 * GiB - 424 * MiB)
    expect(left(GiB, task(GiB, 0, true))).to.equal(2 * GiB)
    // what it holds beyond its due is its own matter, and no room
    expect(left(9 * GiB, task(GiB, 0, true), task(GiB, 0))).to.equal(GiB)
    // where nobody can tell, it holds all
    expect(left(undefined, task(GiB, 0, true))).to.equal(2 * GiB)
    const disk = (...all: Promised[]) => roomOf(LIMITS, { ...PLENTY, disk: 1_536 * MiB }, all).diskLeft
    expect(disk(task(0, 600 * MiB))).to.equal(424 * MiB)
    // its input is there, its result is not
    expect(disk(task(0, 600 * MiB, true))).to.equal(1_023 * MiB)
  })

  it('is told to a task that does not fit with both sizes, and bounds how many are bid for', () => {
    const room = roomOf(LIMITS, { ...PLENTY, memory: 768 * MiB, disk: 2 * GiB }, [])
    expect(roomRefusal(room, task(512 * MiB, GiB).needs)).to.equal(undefined)
    expect(roomRefusal(room, task(513 * MiB, GiB).needs)).to.match(
      /^memory: the task may need 513.*, 512.* are on offer$/
    )
    expect(roomRefusal(room, task(MiB, 2 * GiB).needs)).to.match(/^disk: /)
    expect(tasksFor(room, task(200 * MiB, MiB).needs)).to.equal(2)
    expect(tasksFor(room, task(MiB, 700 * MiB).needs)).to.equal(2)
  })

  it('counts executions that are agreed or run, and no other', () => {
    const needs = task(GiB, GiB).needs
    const live = ['agreed', 'started', 'finished', 'paid'].map(state => ({ state, needs }))
    const earlier = { state: 'started', needs: undefined }
    expect(promisedBy([...live, earlier] as unknown as ProviderEntry[]).map(p => p.started)).to.deep.equal([
      false,
      true
    ])
  })
})

describe('the owner of a machine that runs full', () => {
  let clock: ManualClock
  let keeper: PolicyKeeper
  let free: Free
  let asked: boolean[]
  let promised: Promised[]
  let changed: number
  let text: string

  beforeEach(async () => {
    clock = new ManualClock()
    ;[free, asked, promised, changed, text] = [PLENTY, [], [], 0, 'provider: { memory: 1GiB }']
    const read = () => loadConfig({ text, path: 'config.yaml' }, {})
    keeper = new PolicyKeeper({
      ...{
        clock,
        log: noLog,
        settlement: { generation: 2 },
        config: read().provider,
        reload: async () => read()
      },
      journal: { meta: async () => undefined, putMeta: async () => undefined },
      machine: {
        look: async () => ({ load: 0, cores: 1, userIdleMs: 0, onBattery: false, cpuTemperature: 1 })
      },
      room: {
        look: async tasks => {
          asked.push(tasks)
          return free
        }
      },
      promised: () => promised,
      running: () => 0,
      gpuTemperature: () => undefined,
      gpuWatts: () => undefined,
      changed: () => void changed++
    })
    await keeper.start()
  })
  afterEach(async () => await keeper.stop())

  const wish = (memory: number, disk = MiB) =>
    keeper.verdict({ operator: NOBODY, engine: 'wasm', needs: task(memory, disk).needs })

  it('sells nothing while it is full, is told why, and sells again by itself', async () => {
    expect(keeper.verdict().ok).to.equal(true)
    free = { ...PLENTY, disk: 29 * MiB }
    const before = changed
    await clock.advance(5_000)
    expect(keeper.verdict()).to.include({ ok: false })
    expect(JSON.stringify(keeper.verdict())).to.contain('provider.reserve.disk')
    expect(roomView(keeper)).to.deep.include({ diskBytes: 0 })
    expect(changed).to.equal(before + 1)
    free = PLENTY
    await clock.advance(5_000)
    expect(keeper.verdict().ok).to.equal(true)
    expect(changed).to.equal(before + 2)
  })

  it('takes what fits, and of two that do not fit together the first', async () => {
    free = { ...PLENTY, memory: 1_280 * MiB }
    await clock.advance(5_000)
    expect(wish(800 * MiB).ok).to.equal(true)
    promised = [task(800 * MiB, MiB)]
    const refused = wish(800 * MiB)
    expect(refused.ok).to.equal(false)
    expect(JSON.stringify(refused)).to.match(/memory: the task may need 800/)
    expect(wish(200 * MiB).ok).to.equal(true)
  })

  it('has its reserve from the file as it is now, and its tasks looked at only while some run', async () => {
    free = { ...PLENTY, memory: 768 * MiB }
    text = 'provider: { memory: 1GiB, reserve: { memory: 700MiB, disk: 0, descriptors: 0 } }'
    await clock.advance(5_000)
    expect(keeper.room.memory).to.equal(64 * MiB)
    expect(asked).to.not.include(true)
    promised = [task(MiB, MiB, true)]
    await clock.advance(5_000)
    expect(asked.at(-1)).to.equal(true)
  })
})
