/**
 * Bans that survive a restart: a small file beside the peer book, read at the start, written when a ban is made. Times in it are
 * wall clock; what is left of a ban is bounded again when it is taken up, so a clock that was set wrong bans nobody for ever.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { isShoalError } from '../../protocol/errors.ts'
import type { Clock, Files, Logger } from '../../protocol/ports/index.ts'
import { BANS_MAX, type PeerScores } from './scores.ts'

const NAME = 'bans.json'
/** Above this the file is not ours: an entry takes about 110 bytes. */
const FILE_MAX = 512 * 1024
/** Between two writes: somebody with many identities must not keep the disk busy. */
const PAUSE_MS = 1_000

const bansFile = z.strictObject({
  v: z.literal(1),
  bans: z
    .array(
      z.strictObject({
        peer: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{1,128}$/),
        until: z.int().nonnegative(),
        times: z.int().min(1).max(1_000)
      })
    )
    .max(BANS_MAX)
})

export interface BanFileParts {
  readonly folder: string
  readonly files: Files
  readonly scores: PeerScores
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
    const { files, scores, clock, log } = this.#parts
    try {
      await this.#tidy()
      const bytes = await files.read(this.#path, { max: FILE_MAX })
      const { bans } = bansFile.parse(JSON.parse(new TextDecoder().decode(bytes)))
      for (const { peer, until, times } of bans)
        if (until > clock.now()) scores.restore(peer, until - clock.now(), times)
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

  /** A ban was made: writes the file soon, once for many. */
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
    const { scores, clock } = this.#parts
    const now = clock.now()
    const bans = scores.bans().map(({ peer, left, times }) => ({ peer, until: Math.ceil(now + left), times }))
    return new TextEncoder().encode(JSON.stringify({ v: 1, bans }))
  }

  /** Removes what a write that was cut off has left. */
  async #tidy(): Promise<void> {
    const { files, folder } = this.#parts
    for (const { name } of await files.list(folder))
      if (name.startsWith(`${NAME}.`)) await files.remove(join(folder, name))
  }
}
