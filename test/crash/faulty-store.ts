/** The journal's store, on the real database, dying and failing at its points. */
import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '../../src/peer/adapters/level-store.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { Store, StoreOp } from '../../src/protocol/ports/store.ts'
import { lane } from '../../src/settlement/tx/lane.ts'
import type { Busy } from '../support/sim/busy.ts'
import { diskError, writeFailures } from './disk-error.ts'
import type { Life } from './life.ts'

const LATE_MS = 500

const keyOf = (op: StoreOp | undefined): string =>
  op === undefined ? '' : 'put' in op ? op.put : `del ${op.del}`
/** Ids away: equal calls of different runs read the same. */
const labelOf = (ops: readonly StoreOp[]): string =>
  ops.map(op => keyOf(op).replace(/0x[0-9a-f]+|bafk[a-z0-9]+|[0-9]{6,}/g, '*')).join(' + ')

/** The log that LevelDB appends to. */
async function logOf(folder: string): Promise<{ path: string; size: number }> {
  const logs = (await readdir(folder)).filter(f => f.endsWith('.log')).sort()
  const path = join(folder, logs.at(-1) ?? '')
  return { path, size: (await stat(path)).size }
}

/**
 * The planted fault: batches are acknowledged at once and written half a second later, so that the peer acts before its journal
 * knows of it. A suite that finds nothing wrong with this finds nothing.
 */
function lateStore(real: Store, life: Life, clock: Clock): Store {
  let waiting: StoreOp[] = []
  const flush = async (): Promise<void> => {
    const ops = waiting
    waiting = []
    if (ops.length > 0 && !life.dead) await real.batch(ops)
  }
  return {
    ...real,
    get: async key => {
      await flush()
      return await real.get(key)
    },
    async *range(prefix, options) {
      await flush()
      yield* real.range(prefix, options)
    },
    batch: async ops => {
      if (waiting.length === 0) clock.timer(LATE_MS, () => void flush())
      waiting.push(...ops)
    }
  }
}

export interface FaultyStoreParts {
  readonly folder: string
  readonly life: Life
  readonly busy: Busy
  readonly clock: Clock
  /** Writes late, which is the planted fault. */
  readonly late: boolean
}

export async function openFaultyStore({ folder, life, busy, clock, late }: FaultyStoreParts): Promise<Store> {
  const level = await busy.track(() => openLevelStore(folder))
  const real = late ? lateStore(level, life, clock) : level
  const turns = lane()
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= turns.run(() => busy.track(() => real.close())))
  life.onDeath(close)
  /** Half of the batch's record is on the disk, as after a power cut. */
  const tear = async (ops: readonly StoreOp[]): Promise<void> => {
    const before = await logOf(folder)
    await turns.run(() => real.batch(ops))
    const after = await logOf(folder)
    await close()
    await truncate(after.path, Math.floor((before.size + after.size) / 2))
  }
  return {
    get: key => life.guard(() => busy.track(() => real.get(key))),
    batch: ops =>
      life.call({
        port: 'journal',
        what: labelOf(ops),
        modes: ['before', 'after', 'torn', ...writeFailures],
        run: () => busy.track(() => turns.run(() => real.batch(ops))),
        tear: () => busy.track(() => tear(ops)),
        error: mode => diskError(mode, 'the journal could not be written')
      }),
    async *range(prefix, options) {
      const all: (readonly [string, Uint8Array])[] = []
      await life.guard(() =>
        busy.track(async () => {
          for await (const entry of real.range(prefix, options)) all.push(entry)
        })
      )
      yield* all
    },
    close
  }
}
