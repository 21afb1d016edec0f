/**
 * Memory, disk and line for real on this machine: real data sets and files, real streams over libp2p through a line that is held to a
 * rate. What is needed of a rate is set from what an honest peer shows in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { Allowance } from '../../src/peer/capacity/allowance.ts'
import { flowAnswerer } from '../../src/peer/capacity/answers/flow.ts'
import { hoardAnswerer } from '../../src/peer/capacity/answers/hoard.ts'
import type { Answerer } from '../../src/peer/capacity/answers/answer.ts'
import type { Task } from '../../src/peer/capacity/exams/exam.ts'
import { diskHoarder } from '../../src/peer/capacity/hoards/disk.ts'
import { memoryHoarder } from '../../src/peer/capacity/hoards/memory.ts'
import type { P2PNetwork } from '../../src/p2p/network.ts'
import { GiB, KiB, MiB } from '../../src/protocol/limits.ts'
import { Machine } from './machine.ts'
import { forgetful, through } from './parts.ts'
import { prover, session } from './real-peers.ts'
import type { Judged } from './trial.ts'

/** KiB a second of the line. */
const LINE = 4 * KiB
const FLOW: Task = { kind: 'network', size: 2 }
const DISK: Task = { kind: 'disk', size: 32 }
const MEMORY: Task = { kind: 'memory', size: 64 }
/** Of what an honest one shows. */
const NEEDED = 0.6

interface Row {
  readonly name: string
  readonly way: string
  readonly task: Task
  readonly has: number
  readonly group: readonly P2PNetwork[]
}

const line = (rate: number): Machine => new Machine((rate * KiB) / 1_000, systemClock, systemRandom)
const flow = (): Answerer => flowAnswerer(new Allowance(systemClock, 0, GiB))

async function rowsOf(folder: string, running: P2PNetwork[]): Promise<Row[]> {
  const row = async (
    name: string,
    way: string,
    task: Task,
    has: number,
    answers: readonly Answerer[]
  ): Promise<Row> => {
    const group = await Promise.all(answers.map(a => prover(task.kind, a)))
    running.push(...group)
    return { name, way, task, has, group }
  }
  const memory = memoryHoarder(systemClock, () => GiB)
  const disk = diskHoarder({ clock: systemClock, files: nodeFiles, folder, max: () => GiB })
  const shared = line(LINE)
  return [
    await row('line', '', FLOW, 1, [through(flow(), line(LINE))]),
    await row('line', 'a third of the rate', FLOW, 1 / 3, [through(flow(), line(LINE / 3))]),
    await row(
      'line',
      'three identities',
      FLOW,
      1,
      [1, 2, 3].map(() => through(flow(), shared))
    ),
    await row('disk', '', DISK, 1, [hoardAnswerer(disk, true)]),
    await row('disk', 'stores nothing', DISK, 0, [hoardAnswerer(forgetful(disk), true)]),
    await row('memory', '', MEMORY, 1, [hoardAnswerer(memory, false)]),
    await row('memory', 'keeps nothing', MEMORY, 0, [hoardAnswerer(forgetful(memory), false)])
  ]
}

export async function realKinds(): Promise<Judged[]> {
  const running: P2PNetwork[] = []
  const folder = await mkdtemp(join(tmpdir(), 'shoal-claims-'))
  try {
    const rows = await rowsOf(folder, running)
    const honest = new Map<string, number>()
    const judged: Judged[] = []
    for (const { name, way, task, has, group } of rows) {
      const score = await session(group, task, running)
      if (way === '') {
        console.log(
          `  ${name}, honest: ${task.kind === 'memory' ? `${score} MiB held` : `${Math.round((score * KiB) / MiB)} MiB a second`}`
        )
        honest.set(name, score)
      }
      const needed = NEEDED * (honest.get(name) ?? 0)
      judged.push({
        name,
        way,
        honest: way === '',
        has: has / NEEDED,
        proven: score / needed,
        believed: score >= needed && score > 0
      })
    }
    return judged
  } finally {
    await Promise.all(running.map(n => n.stop()))
    await rm(folder, { recursive: true })
  }
}
