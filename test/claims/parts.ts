/** Disks, lines and memories of known size and speed for answers that are the program's own, and the ways to cheat with them. */
import { ShoalError } from '../../src/protocol/errors.ts'
import type { Hoard, Hoarder, HoardSpec } from '../../src/protocol/ports/capacity.ts'
import type { Files } from '../../src/protocol/ports/files.ts'
import { recipeOf } from '../../src/market/hoard.ts'
import type { Answerer } from '../../src/peer/capacity/answers/answer.ts'
import type { Machine } from './machine.ts'

/** Files in memory that take the time of a disk: every byte read or written passes through it. */
export function slowFiles(disk: Machine): Files {
  const kept = new Map<string, Uint8Array>()
  const never = (): never => {
    throw new Error('not used here')
  }
  return {
    async *stream(path, { start = 0, end, signal } = {}) {
      const data = kept.get(path)
      if (data === undefined) throw new ShoalError('FILE_NOT_FOUND', path)
      for (let at = start; at < (end ?? data.length); at += 65_536) {
        const piece = data.slice(at, Math.min(at + 65_536, end ?? data.length))
        await disk.take(piece.length, signal)
        yield piece
      }
    },
    write: async (path, data) => {
      const pieces: Uint8Array[] = []
      for await (const piece of data instanceof Uint8Array ? [data] : data) {
        await disk.take(piece.length)
        pieces.push(piece.slice())
      }
      kept.set(path, new Uint8Array(Buffer.concat(pieces)))
    },
    remove: async path => void kept.delete(path),
    ...{ read: never, stat: never, list: never, makeFolder: never, rename: never, temporaryFolder: never }
  }
}

/** Making a data set takes the time of a machine on which one takes `ms` alone. */
export const timed = (inner: Hoarder, cpu: Machine, ms: number): Hoarder => ({
  max: inner.max,
  fill: async (spec, signal) => {
    await cpu.take(ms * cpu.speed, signal)
    return await inner.fill(spec, signal)
  }
})

/** Throws the data away at once, and makes all of it again when the first of it is asked for. */
export const forgetful = (inner: Hoarder): Hoarder => ({
  max: inner.max,
  fill: async (spec, signal) => {
    const first = await inner.fill(spec, signal)
    await first.drop()
    let again: Promise<Hoard> | undefined
    const anew = () => (again ??= inner.fill(spec, signal))
    return {
      root: first.root,
      path: i => first.path(i),
      block: async (i, s) => await (await anew()).block(i, s),
      rewrite: async (seed, s) => await (await anew()).rewrite(seed, s),
      drop: async () => await (await again)?.drop()
    }
  }
})

/** Blocks that must be made for block `i` by who keeps those of even number: no more than making all of them costs. */
function costOf(spec: HoardSpec, i: number): number {
  const recipe = recipeOf(spec)
  let made = 0
  const need = (k: number): void => {
    if (k % 2 === 0 || made >= spec.blocks) return
    made++
    for (const s of recipe.sources(k)) need(s)
  }
  need(i)
  return made
}

/** Keeps every second block and makes the others from them; making all costs `ms` alone on the machine. */
export const halving = (inner: Hoarder, cpu: Machine, ms: number): Hoarder => ({
  max: inner.max,
  fill: async (spec, signal) => {
    const hoard = await inner.fill(spec, signal)
    let made = 0
    return {
      ...hoard,
      block: async (i, s) => {
        const left = Math.max(0, spec.blocks - made) // after that all of them are there again
        const cost = Math.min(costOf(spec, i), left)
        made += cost
        if (cost > 0) await cpu.take((cost / spec.blocks) * ms * cpu.speed, s)
        return await hoard.block(i, s)
      }
    }
  }
})

/** Memory for one data set, which several identities share: a new one takes the place of the last, whose owner must make it again. */
export function sharing(inner: Hoarder): Hoarder {
  let last: { gone: boolean } | undefined
  return {
    max: inner.max,
    fill: async (spec, signal) => {
      const hoard = await inner.fill(spec, signal)
      if (last !== undefined) last.gone = true
      const place = (last = { gone: false })
      let again: Promise<Hoard> | undefined
      return {
        ...hoard,
        block: async (i, s) => {
          if (!place.gone) return await hoard.block(i, s)
          return await (await (again ??= inner.fill(spec, signal))).block(i, s)
        }
      }
    }
  }
}

/** Whatever the answer sends and takes passes through a line; `turn`: one identity after the other. */
export const through =
  (
    inner: Answerer,
    line: Machine,
    turn: <T>(work: () => Promise<T>) => Promise<T> = work => work()
  ): Answerer =>
  async (request, signal) => {
    const answer = await inner(request, signal)
    return {
      ...answer,
      flow: async function* (s) {
        // in turn, a whole stream is one piece of work
        yield* await turn(async () => {
          const out: { data: Uint8Array }[] = []
          if (answer.flow !== undefined) for await (const f of answer.flow(s)) out.push(f)
          for (const { data } of out) await line.take(data.byteLength, s)
          return out
        })
      },
      pour: async data => {
        if (answer.pour === undefined) throw new Error('a network answer takes a stream')
        await line.take(data.byteLength)
        return await answer.pour(data)
      }
    }
  }
