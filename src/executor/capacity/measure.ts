/** What this machine does, measured by itself: for its owner. Others believe only what they have challenged. */
import { createCipheriv } from 'node:crypto'
import { join } from 'node:path'
import { MiB } from '../../protocol/limits.ts'
import type { Multiplier } from '../../protocol/ports/capacity.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Files } from '../../protocol/ports/files.ts'

/** Larger than the caches of most processors. */
const COPY_BYTES = 64 * MiB
const COPY_ROUNDS = 4
const DISK_BYTES = 64 * MiB
const PIECE = MiB
const SIZE = 768

export interface Measured {
  /** Million multiply-adds a second in the engine that tasks use, over all lanes. */
  readonly cpu: number
  readonly lanes: number
  /** Bytes a second: copied in memory, written to the disk and flushed, read back (mostly from the system's cache). */
  readonly memory: number
  readonly diskWrite: number
  readonly diskRead: number
}

export interface MeasureParts {
  readonly clock: Clock
  readonly files: Files
  readonly multiplier: Multiplier
  /** Where the file for the disk's speed is made and removed again. */
  readonly folder: string
}

const perSecond = (bytes: number, ms: number): number => Math.round((bytes * 1_000) / Math.max(1, ms))

async function timed(clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const begun = clock.monotonic()
  await work()
  return clock.monotonic() - begun
}

async function measureCpu({ clock, multiplier }: MeasureParts, signal: AbortSignal): Promise<number> {
  const entries = (factor: number) =>
    Int8Array.from({ length: SIZE * SIZE }, (_, i) => ((i * factor) % 16) - 8)
  const m = { n: SIZE, a: entries(7), bt: entries(13) }
  const ms = await timed(clock, () => multiplier.multiply(m, signal))
  return Math.floor(SIZE ** 3 / Math.max(1, ms) / 1_000)
}

async function measureMemory({ clock }: MeasureParts): Promise<number> {
  const [from, to] = [new Uint8Array(COPY_BYTES).fill(1), new Uint8Array(COPY_BYTES).fill(2)]
  let ms = 0
  for (let i = 0; i < COPY_ROUNDS; i++) {
    ms += await timed(clock, async () => to.set(from))
    await clock.sleep(0)
  }
  return perSecond(COPY_BYTES * COPY_ROUNDS, ms)
}

/** Bytes that no file system can make smaller. */
async function* noise(): AsyncIterable<Uint8Array> {
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32), new Uint8Array(16))
  for (let done = 0; done < DISK_BYTES; done += PIECE) yield cipher.update(new Uint8Array(PIECE))
}

async function measureDisk({ clock, files, folder }: MeasureParts, signal: AbortSignal) {
  const path = join(folder, 'measure.tmp')
  try {
    const write = await timed(clock, () => files.write(path, noise()))
    const read = await timed(clock, async () => {
      for await (const _ of files.stream(path, { signal })) signal.throwIfAborted()
    })
    return { diskWrite: perSecond(DISK_BYTES, write), diskRead: perSecond(DISK_BYTES, read) }
  } finally {
    await files.remove(path)
  }
}

/** Takes some seconds. DISK_FULL, DISK_ERROR, ENGINE_BROKEN, CANCELLED. */
export async function measure(parts: MeasureParts, signal: AbortSignal): Promise<Measured> {
  const cpu = await measureCpu(parts, signal)
  const memory = await measureMemory(parts)
  return { cpu, lanes: parts.multiplier.lanes, memory, ...(await measureDisk(parts, signal)) }
}
