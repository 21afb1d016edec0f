/**
 * Bans that survive a restart: a small file beside the peer book, read at the start, written when a ban is made or ends early. It says
 * what each rests on, for a person who reads it; files of version 1, which did not, are read as well. Times in it are wall clock; what
 * is left of a ban is bounded again when it is taken up, so a clock that was set wrong bans nobody for ever.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { isShoalError } from '../../protocol/errors.ts'
import { SEEN_MAX, UNRECORDED } from '../../protocol/evidence.ts'
import type { Clock, Files, Logger } from '../../protocol/ports/index.ts'
import { BANS_MAX, type Bans } from './bans.ts'

const NAME = 'bans.json'
/** Above this the file is not ours: an entry takes about 300 bytes. */
const FILE_MAX = 512 * 1024
/** Between two writes: somebody with many identities must not keep the disk busy. */
const PAUSE_MS = 1_000

const ban = z.strictObject({
  peer: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{1,128}$/),
  until: z.int().nonnegative(),
  times: z.int().min(1).max(1_000)
})
const bansFile = z.discriminatedUnion('v', [
  z.strictObject({
    v: z.literal(2),
    bans: z
      .array(
        ban.extend({
          kind: z.string().max(64),
          seen: z.string().max(SEEN_MAX),
          at: z.int().nonnegative()
        })
      )
      .max(BANS_MAX)
  }),
  z.strictObject({
    v: z.literal(1),
    bans: z.array(ban.transform(b => ({ ...b, kind: UNRECORDED, seen: '', at: 0 }))).max(BANS_MAX)
  })
])

export interface BanFileParts {
  readonly folder: string
  readonly files: Files
  readonly bans: Bans
  readonly clock: Clock
  readonly log: Logger
}

export class BanFile {
  readonly #parts: BanFileParts
  readonly #path: string
  #stopping = new AbortController()
  #dirty = false
  #writing: Promise<void> | undefined

  constructor(parts: BanFileParts) {
    this.#parts = parts
    this.#path = join(parts.folder, NAME)
  }

  /** Takes up the bans that are still in force. A file that cannot be read is ignored with a warning: nobody is banned then. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    const { files, bans, clock, log } = this.#parts
    try {
      await this.#tidy()
      const bytes = await files.read(this.#path, { max: FILE_MAX })
      const stored = bansFile.parse(JSON.parse(new TextDecoder().decode(bytes)))
      for (const { until, ...rest } of stored.bans)
        if (until > clock.now()) bans.restore({ ...rest, left: until - clock.now() })
    } catch (error) {
      if (isShoalError(error, 'FILE_NOT_FOUND')) return // nobody was banned yet
      log.warn({ error, path: this.#path }, 'the file of bans cannot be read and is ignored')
    }
  }

  /** Writes what was not written yet. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#writing
  }

  /** A ban was made or ended early: writes the file soon, once for many. */
  save(): void {
    this.#dirty = true
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  async #write(): Promise<void> {
    const { files, clock, log } = this.#parts
    while (this.#dirty) {
      this.#dirty = false
      try {
        await files.write(this.#path, this.#encoded())
      } catch (error) {
        log.warn({ error, path: this.#path }, 'the bans could not be written')
      }
      if (!this.#stopping.signal.aborted)
        await clock.sleep(PAUSE_MS, this.#stopping.signal).catch(() => undefined)
    }
  }

  #encoded(): Uint8Array {
    const bans = this.#parts.bans
      .view()
      .map(({ peer, until, times, kind, seen, at }) => ({ peer, until, times, kind, seen, at }))
    return new TextEncoder().encode(JSON.stringify({ v: 2, bans }, undefined, 1) + '\n')
  }

  /** Removes what a write that was cut off has left. */
  async #tidy(): Promise<void> {
    const { files, folder } = this.#parts
    for (const { name } of await files.list(folder))
      if (name.startsWith(`${NAME}.`)) await files.remove(join(folder, name))
  }
}
