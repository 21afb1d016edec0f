/**
 * The same on this very machine: real products in the wasm engine, over libp2p on loopback. What the class needs is set from what the
 * machine shows alone in the same run; sessions of all take turns, so that a load from outside meets each, and every claim keeps the
 * best of its sessions, as in life.
 */
import { availableParallelism } from 'node:os'
import { engineMultiplier } from '../../src/executor/capacity/matmul.ts'
import { createWasmEngine } from '../../src/executor/wasm/engine.ts'
import { productAnswerer } from '../../src/peer/capacity/answers/product.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import type { P2PNetwork } from '../../src/p2p/network.ts'
import type { Multiplier } from '../../src/protocol/ports/capacity.ts'
import { noLog } from '../support/tasks.ts'
import { prover, session } from './real-peers.ts'
import type { Judged } from './trial.ts'

const SIZE = 1024
const SESSIONS = 3
/** Of what this machine shows alone. */
const NEEDED = 0.6
/** How much slower the slow one is. */
const SLOWER = 3

interface Claim {
  readonly name: string
  readonly way: string
  readonly group: readonly P2PNetwork[]
  /** Speed of its machine, to that of this one alone. */
  readonly has: number
  best: number
}

export async function realTrial(): Promise<Judged[]> {
  const engine = createWasmEngine({ clock: systemClock, log: noLog })
  const all = engineMultiplier(engine, availableParallelism())
  const slow: Multiplier = {
    lanes: all.lanes,
    multiply: async (m, signal) => {
      for (let i = 1; i < SLOWER; i++) await all.multiply(m, signal)
      return await all.multiply(m, signal)
    }
  }
  const running: P2PNetwork[] = []
  const claim = async (
    name: string,
    way: string,
    m: Multiplier,
    identities: number,
    has = 1
  ): Promise<Claim> => {
    const answerer = productAnswerer(m, false)
    const group = await Promise.all(Array.from({ length: identities }, () => prover('cpu', answerer)))
    running.push(...group)
    return { name, way, group, has, best: 0 }
  }
  try {
    const alone = await claim('alone', '', all, 1)
    const claims = [
      await claim('slow', 'three times as slow', slow, 1, 1 / SLOWER),
      await claim('shared', 'three identities at once', all, 3),
      await claim('honest', '', all, 1)
    ]
    for (let i = 0; i < SESSIONS; i++)
      for (const c of [alone, ...claims])
        c.best = Math.max(c.best, await session(c.group, { kind: 'cpu', size: SIZE }, running))
    const needed = NEEDED * alone.best
    console.log(`\nthis machine alone: ${alone.best} million multiply-adds a second on ${all.lanes} lanes`)
    return claims.map(({ name, way, has, best }) => ({
      ...{ name, way, honest: name === 'honest', has: has / NEEDED },
      ...{ proven: best / needed, believed: best >= needed }
    }))
  } finally {
    await Promise.all(running.map(n => n.stop()))
  }
}
