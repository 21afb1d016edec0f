/** What hostile images are made with. */
import { readFileSync } from 'node:fs'
import { rawImage, rawTar, type RawEntry, type RawImage } from './raw-tar.ts'

export interface HostileImage {
  readonly name: string
  /** Made when it is its turn: some are large. */
  readonly module: (host: HostPlaces) => Uint8Array
  /** For its shell; it prints ESCAPED when it got what it wanted. */
  readonly script?: string
  /** Of its own entry point, instead of the shell. */
  readonly args?: readonly string[]
  /** How it may end: `done`, a limit, `exit`, the code of a refusal, several parted by |; in any way when absent. */
  readonly want?: string
  /** Part of what is said of its end. */
  readonly says?: string
  /** A program of this machine that makes it. */
  readonly needs?: string
  /** Wall time, ms, of one that would go on for ever. */
  readonly wallMs?: number
}

/** Places of the host that it reaches for. */
export interface HostPlaces {
  /** A folder that belongs to the tests alone. */
  readonly folder: string
  readonly secretFile: string
}

/** Nothing of the host may carry it: variables of an image are for its program. */
export const MARKER = 'LD_PRELOAD=/evil-4711.so'
export const BUSYBOX = '/usr/bin/busybox'
const APPLETS = 'sh cat dd echo grep head id ls mkdir pwd sleep touch'.split(' ')
export const MiB = 1024 * 1024

export const shell = (): RawEntry[] => [
  { path: 'bin/busybox', data: readFileSync(BUSYBOX) },
  ...APPLETS.map(name => ({ path: `bin/${name}`, link: 'busybox' }))
]
export const file = (path: string, text = 'evil'): RawEntry => ({
  path,
  data: Buffer.from(text),
  mode: 0o644
})
export const up = (path: string): string => `${'../'.repeat(12)}${path.slice(1)}`

/** A shell that works, and more. */
export const withMore = (entries: readonly RawEntry[], image: Partial<RawImage> = {}): Buffer =>
  rawImage({ layers: [rawTar([...shell(), ...entries])], ...image })
export const configured =
  (config: Readonly<Record<string, unknown>>, more: readonly RawEntry[] = []): (() => Buffer) =>
  () =>
    withMore(more, { config })
