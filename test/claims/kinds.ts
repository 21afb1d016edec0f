/** One trial of memory, disk and line: honest peers, weak ones, ones that keep nothing, and three identities that share one of each. */
import { CLASS_RULES } from '../../src/market/classes.ts'
import { Allowance } from '../../src/peer/capacity/allowance.ts'
import type { Answerer } from '../../src/peer/capacity/answers/answer.ts'
import { flowAnswerer } from '../../src/peer/capacity/answers/flow.ts'
import { hoardAnswerer } from '../../src/peer/capacity/answers/hoard.ts'
import type { Task } from '../../src/peer/capacity/exams/exam.ts'
import { diskHoarder } from '../../src/peer/capacity/hoards/disk.ts'
import { memoryHoarder } from '../../src/peer/capacity/hoards/memory.ts'
import { GiB, KiB } from '../../src/protocol/limits.ts'
import type { Hoarder } from '../../src/protocol/ports/capacity.ts'
import type { CapacityKind } from '../../src/protocol/records/attestation.ts'
import { seededRandom } from '../support/sim/random.ts'
import { SessionClock } from './clock.ts'
import { Machine } from './machine.ts'
import { forgetful, halving, sharing, slowFiles, through, timed } from './parts.ts'
import { Stage, type Actor } from './stage.ts'
import type { Judged } from './trial.ts'

/** Passes: real data sets are made in a moment; the time that they take is simulated. */
const WORK = 512
/** MiB; the real tasks are larger, and as much slower to answer. */
const SIZE = 1
/** What the `storage` class needs, KiB a second, and the MiB that are claimed: of the program's own rules, scaled to the size. */
const STORAGE = CLASS_RULES.find(r => r.class === 'storage')?.needs ?? {}
const NEEDED: Readonly<Record<string, number>> = {
  memory: SIZE,
  disk: (STORAGE.disk ?? 0) / 32,
  network: STORAGE.network ?? 0
}
/** Making a data set: 5.5 s on a common core, 2.1 s on the fastest that there is. */
const [FASTEST_MS, SLOW_MS] = [2_100, 9_000]
const BEGIN = 1_800_000_000_000

interface Row {
  readonly name: string
  readonly kind: CapacityKind
  readonly way: string
  readonly honest: boolean
  readonly has: number
  readonly identities: number
  /** For each identity. */
  readonly answerer: () => Answerer
}

class Props {
  readonly clock: SessionClock
  readonly #random: ReturnType<typeof seededRandom>

  constructor(clock: SessionClock, seed: number) {
    this.clock = clock
    this.#random = seededRandom(Math.imul(seed + 7, 0x9e3779b1))
  }

  between = (low: number, high: number): number => low + (high - low) * this.#random.fraction()
  machine = (speed: number): Machine => new Machine(speed, this.clock, this.#random)

  /** A line of so much of what is needed. */
  line = (has: number): Machine => this.machine((has * (NEEDED['network'] ?? 0) * KiB) / 1_000)
  flow = (): Answerer => flowAnswerer(new Allowance(this.clock, 0, GiB))

  /** Whoever answers computes as fast as anyone may. */
  #cpu(): { cpu: Machine; ms: number } {
    return { cpu: this.machine(1_000), ms: this.between(FASTEST_MS, SLOW_MS) }
  }
  memory(change: (h: Hoarder, cpu: Machine, ms: number) => Hoarder = h => h): Hoarder {
    const { cpu, ms } = this.#cpu()
    return change(
      timed(
        memoryHoarder(this.clock, () => GiB),
        cpu,
        ms
      ),
      cpu,
      ms
    )
  }
  /** Read, written, read: three times its bytes pass through the disk. For each identity a folder of its own on it. */
  disk(has: number, change: (h: Hoarder) => Hoarder = h => h): () => Hoarder {
    const { cpu, ms } = this.#cpu()
    const files = slowFiles(this.machine((3 * has * (NEEDED['disk'] ?? 0) * KiB) / 1_000))
    let homes = 0
    return () => {
      const folder = `/${homes++}`
      return change(timed(diskHoarder({ clock: this.clock, files, folder, max: () => GiB }), cpu, ms))
    }
  }
}

/** One whole stream after the other, so that the first looks as if the line were its own. */
function queue(clock: SessionClock): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const before = last
    const next = clock.waiting(() => before).then(work)
    last = next.catch(() => undefined)
    return next
  }
}

function rowsOf(p: Props, seed: number): Row[] {
  const row = (
    name: string,
    kind: CapacityKind,
    way: string,
    has: number,
    answerer: () => Answerer,
    more: Partial<Row> = {}
  ): Row => ({ name, kind, way, honest: way === '', has, identities: 1, answerer, ...more })
  const enough = (): number => p.between(1.35, 3)
  const few = (): number => p.between(0.3, 0.75)
  const memory = (h: Hoarder) => () => hoardAnswerer(h, false, WORK)
  const disk = (h: () => Hoarder) => () => hoardAnswerer(h(), true, WORK)
  const [good, weak, good2, weak2, one] = [enough(), few(), enough(), few(), p.between(1.35, 2)]
  const [line, lost] = [p.line(one), enough()]
  const turn = seed % 2 === 0 ? queue(p.clock) : undefined
  const store = p.memory(sharing)
  const bench = p.disk(one)
  const three = { identities: 3 }
  return [
    row('memory', 'memory', '', 1, memory(p.memory())),
    row('memory', 'memory', 'keeps half', 0.5, memory(p.memory(halving))),
    row('memory', 'memory', 'keeps nothing', 0, memory(p.memory(forgetful))),
    row('memory', 'memory', 'three identities, room for one', 1, memory(store), three),
    row('disk', 'disk', '', good, disk(p.disk(good))),
    row('disk', 'disk', 'slow', weak, disk(p.disk(weak))),
    row('disk', 'disk', 'stores nothing', 0, disk(p.disk(lost, forgetful))),
    row('disk', 'disk', 'three identities, one disk', one, disk(bench), three),
    row('line', 'network', '', good2, () => through(p.flow(), p.line(good2))),
    row('line', 'network', 'slow', weak2, () => through(p.flow(), p.line(weak2))),
    row(
      'line',
      'network',
      turn === undefined ? 'three identities at once' : 'three identities in turn',
      one,
      () => through(p.flow(), line, turn),
      three
    )
  ]
}

export async function kindsTrial(seed: number): Promise<Judged[]> {
  const clock = new SessionClock(BEGIN)
  const stage = new Stage(clock, seededRandom(seed), CLASS_RULES, WORK)
  try {
    return await play(stage, new Props(clock, seed), seed)
  } finally {
    await stage.close()
  }
}

async function play(stage: Stage, p: Props, seed: number): Promise<Judged[]> {
  const none = { answerers: new Map() }
  const challengers: Actor[] = []
  for (const i of [1, 2])
    challengers.push(await stage.cast({ name: `challenger ${i}`, host: `198.51.100.${i}`, ...none }))
  const cast: { row: Row; actor: Actor }[] = []
  for (const [i, row] of rowsOf(p, seed).entries())
    for (let k = 0; k < row.identities; k++) {
      const answerers = new Map([[row.kind, row.answerer()]])
      const actor = await stage.cast({ name: `${row.name} ${k}`, host: `203.0.113.${i + 1}`, answerers })
      cast.push({ row, actor })
    }
  const everyone = [...challengers, ...cast.map(c => c.actor)]
  await stage.show(everyone)
  for (const by of challengers) {
    for (const { row, actor } of cast) {
      const task: Task = { kind: row.kind, size: SIZE }
      // adverts last a minute, and sessions take some
      await stage.show(everyone)
      await stage.session(by, actor, task)
    }
    await p.clock.sleep(1_000)
    await stage.show(everyone)
  }
  return cast.map(({ row, actor }) => {
    const proven = stage.provenOf(actor)[row.kind] / (NEEDED[row.kind] ?? 1)
    const { name, way, honest, has } = row
    return { name, way, honest, has, proven, believed: proven >= 1 }
  })
}
