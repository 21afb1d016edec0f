/** Writes tars (POSIX ustar) and images in the layout of `docker save`: for the probe, and for whoever makes an image without a tool. */
import { createHash } from 'node:crypto'
import { concatBytes } from '../../protocol/byte-source.ts'

export interface TarEntry {
  /** At most 100 bytes; a folder's ends with a slash. */
  readonly path: string
  readonly data?: Uint8Array
  /** Default 0755. */
  readonly mode?: number
  /** Where a symbolic link points. */
  readonly link?: string
}

const BLOCK = 512
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const octal = (n: number, width: number): string => `${n.toString(8).padStart(width - 1, '0')}\0`

function header({ path, data, mode = 0o755, link }: TarEntry): Uint8Array {
  const head = new Uint8Array(BLOCK)
  const put = (at: number, value: string): void => head.set(text(value), at)
  if (text(path).length > 100) throw new Error(`The path ${path} is too long for a tar.`)
  put(0, path)
  put(100, octal(mode, 8))
  put(108, octal(0, 8)) // owner and group: root
  put(116, octal(0, 8))
  put(124, octal(data?.length ?? 0, 12))
  put(136, octal(0, 12)) // date: equal files give equal tars
  put(148, ' '.repeat(8)) // the sum is formed over blanks in its own place
  put(156, link !== undefined ? '2' : path.endsWith('/') ? '5' : '0')
  put(157, link ?? '')
  put(257, 'ustar\0' + '00')
  put(
    148,
    `${head
      .reduce((n, b) => n + b, 0)
      .toString(8)
      .padStart(6, '0')}\0 `
  )
  return head
}

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap(entry => {
    const data = entry.data ?? new Uint8Array(0)
    return [header(entry), data, new Uint8Array((BLOCK - (data.length % BLOCK)) % BLOCK)]
  })
  return concatBytes([...parts, new Uint8Array(2 * BLOCK)])
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface ImageConfig {
  /** As Go names it: amd64, arm64. */
  readonly architecture: string
  readonly Cmd?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Env?: readonly string[]
  readonly Volumes?: Readonly<Record<string, object>>
}

/** An image of one layer, as `docker save` and `podman save` write it (moby image specification, v1.2). */
export function imageTar(files: readonly TarEntry[], { architecture, ...config }: ImageConfig): Uint8Array {
  const layer = tarOf(files)
  const about = text(
    JSON.stringify({
      ...{ architecture, os: 'linux', config },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] }
    })
  )
  const names = { config: `${sha256(about)}.json`, layer: `${sha256(layer)}.tar` }
  const manifest = [{ Config: names.config, RepoTags: null, Layers: [names.layer] }]
  return tarOf([
    { path: names.layer, data: layer, mode: 0o644 },
    { path: names.config, data: about, mode: 0o644 },
    { path: 'manifest.json', data: text(JSON.stringify(manifest)), mode: 0o644 }
  ])
}
