/** Tars and images as no honest tool writes them. */
import { createHash } from 'node:crypto'

export interface RawEntry {
  /** Cut at 100 bytes; nothing is checked. */
  readonly path: string
  /** POSIX: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 pipe; S is GNU's sparse file. */
  readonly type?: '0' | '1' | '2' | '3' | '4' | '5' | '6' | 'S'
  readonly data?: Uint8Array
  readonly link?: string
  readonly mode?: number
  readonly device?: readonly [major: number, minor: number]
  /** Said to be so large, whatever follows. */
  readonly claims?: number
  /** Of a sparse file, holes included. */
  readonly realSize?: number
}

const BLOCK = 512
const octal = (n: number, width: number): string => `${n.toString(8).padStart(width - 1, '0')}\0`

/** Above 8 GiB numbers are written in base 256 (GNU). */
function large(n: number, head: Buffer, at: number): void {
  head[at] = 0x80
  head.writeBigUInt64BE(BigInt(n), at + 4)
}

function header(entry: RawEntry): Buffer {
  const { path, type = entry.link === undefined ? '0' : '2', data, link = '', mode = 0o755 } = entry
  const head = Buffer.alloc(BLOCK)
  head.write(path.slice(0, 100), 0, 'latin1')
  head.write(octal(mode, 8) + octal(0, 8) + octal(0, 8), 100)
  const size = entry.claims ?? data?.length ?? 0
  if (size < 2 ** 33) head.write(octal(size, 12), 124)
  else large(size, head, 124)
  head.write(octal(0, 12) + ' '.repeat(8) + type, 136)
  head.write(link.slice(0, 100), 157, 'latin1')
  head.write(type === 'S' ? 'ustar  \0' : 'ustar\0' + '00', 257)
  if (entry.device !== undefined) head.write(octal(entry.device[0], 8) + octal(entry.device[1], 8), 329)
  if (entry.realSize !== undefined) large(entry.realSize, head, 483)
  head.write(
    `${octal(
      head.reduce((n, b) => n + b, 0),
      7
    )} `,
    148
  )
  return head
}

/** Without its last two empty blocks when `open`. */
export function rawTar(entries: readonly RawEntry[], open = false): Buffer {
  const parts = entries.flatMap(entry => {
    const data = entry.data ?? new Uint8Array(0)
    return [header(entry), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...parts, ...(open ? [] : [Buffer.alloc(2 * BLOCK)])])
}

export const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

export interface RawImage {
  /** As they lie in the tar. */
  readonly layers: readonly Uint8Array[]
  /** Digests of the layers unpacked, where they are not the layers themselves. */
  readonly diffs?: readonly string[]
  readonly config?: Readonly<Record<string, unknown>>
  /** Beside `config`, in the image's description. */
  readonly about?: Readonly<Record<string, unknown>>
  /** Instead of the manifest that fits. */
  readonly manifest?: (fitting: Readonly<Record<string, unknown>>) => unknown
  /** More in the outer tar, before all else. */
  readonly more?: readonly RawEntry[]
}

/** In the layout of `docker save`. */
export function rawImage({ layers, diffs, config = {}, about = {}, manifest, more = [] }: RawImage): Buffer {
  const ids = diffs ?? layers.map(layer => `sha256:${sha256(layer)}`)
  const described = {
    architecture: 'amd64',
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: ids },
    ...about
  }
  const json = Buffer.from(JSON.stringify(described))
  const names = layers.map((layer, i) => `${i}-${sha256(layer).slice(0, 12)}.tar`)
  const fitting = { Config: `${sha256(json)}.json`, RepoTags: null, Layers: names }
  return rawTar([
    ...more,
    ...layers.map((data, i) => ({ path: names[i] ?? '', data, mode: 0o644 })),
    { path: fitting.Config, data: json },
    { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest?.(fitting) ?? [fitting])) }
  ])
}

/** In the layout of OCI (image-spec, image-layout.md), with annotations that runtimes obey. */
export function ociImage(layer: Uint8Array, annotations: Readonly<Record<string, string>>): Buffer {
  const blobs: RawEntry[] = []
  const add = (data: Uint8Array, mediaType: string): { digest: string; size: number; mediaType: string } => {
    blobs.push({ path: `blobs/sha256/${sha256(data)}`, data })
    return { digest: `sha256:${sha256(data)}`, size: data.length, mediaType }
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const type = (name: string): string => `application/vnd.oci.image.${name}`
  const layers = [add(layer, type('layer.v1.tar'))]
  const rootfs = { type: 'layers', diff_ids: layers.map(l => l.digest) }
  const config = add(json({ architecture: 'amd64', os: 'linux', config: {}, rootfs }), type('config.v1+json'))
  const manifest = add(json({ schemaVersion: 2, config, layers, annotations }), type('manifest.v1+json'))
  return rawTar([
    ...blobs,
    { path: 'oci-layout', data: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', data: json({ schemaVersion: 2, manifests: [manifest] }) }
  ])
}
