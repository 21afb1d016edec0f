/** Images whose layers are no honest files: devices, marks, bombs. */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { crc32, gzipSync } from 'node:zlib'
import { file, MiB, shell, up, withMore, type HostileImage } from './image-kit.ts'
import { rawImage, rawTar, sha256, type RawEntry } from './raw-tar.ts'

/** The disk that this machine runs from, or any. */
const disk = (): readonly [number, number] => {
  const { dev } = statSync('/')
  return dev > 255 ? [(dev >> 8) & 0xfff, dev & 0xff] : [8, 0]
}
const DEVICES = {
  mem: [1, 1],
  kmsg: [1, 11],
  fuse: [10, 229],
  tun: [10, 200],
  kvm: [10, 232],
  vda: [254, 0],
  sda: [8, 0]
} as const

export const contents: readonly HostileImage[] = [
  {
    ...{
      name: 'brings devices along',
      script:
        'for d in /evil/*; do dd if=$d of=/dev/null bs=1 count=1 2>/dev/null && echo ESCAPED $d; done; ls -l /evil; true'
    },
    module: () =>
      withMore([
        ...Object.entries(DEVICES).map(([name, device]): RawEntry => ({
          path: `evil/${name}`,
          type: /da$/.test(name) ? '4' : '3',
          device,
          mode: 0o666
        })),
        { path: 'evil/root', type: '4', device: disk(), mode: 0o666 }
      ])
  },
  {
    ...{ name: 'hides files by marks of its own', script: 'true' },
    module: () =>
      rawImage({
        layers: [
          rawTar(shell()),
          rawTar(
            [
              '.wh.',
              '.wh..',
              '.wh...',
              '.wh..wh..opq',
              'bin/.wh...',
              '.wh..wh.plnk',
              `.wh.${up('/etc/x')}`
            ].map(n => file(n))
          )
        ]
      })
  },
  {
    ...{ name: 'has names without sense', script: 'true' },
    module: () =>
      withMore(
        ['', '/', '.', './.', '..', 'a\nb', '\x80\xff', '-rf', 'a/', 'con:', '\\..\\x'].map(n => file(n))
      )
  },
  {
    ...{ name: 'has one name for many things', script: 'true' },
    module: ({ folder }) =>
      withMore([
        file('x'),
        { path: 'x', type: '5' },
        file('x/y'),
        { path: 'x', link: up(folder) },
        file('x/canary'),
        file('x')
      ])
  },
  {
    name: 'lies about the size of a file',
    script: 'true',
    module: () => withMore([{ ...file('big'), claims: 2 ** 40 }]),
    want: 'MODULE_INVALID'
  },
  {
    name: 'says that a file has less than nothing',
    module: () => withMore([{ ...file('big'), claims: 2 ** 53 }]),
    script: 'true',
    want: 'MODULE_INVALID'
  },
  {
    ...{
      name: 'holds a file of holes larger than any disk',
      wallMs: 4_000,
      script: 'true',
      want: 'MODULE_INVALID|LIMIT_WALL'
    },
    module: () => withMore([{ path: 'holes', type: 'S', realSize: 2 ** 40 }])
  },
  {
    name: 'holds a layer that unpacks to two gigabytes',
    script: 'true',
    want: 'MODULE_INVALID',
    module: () => bomb(2048 * MiB)
  },
  {
    ...{
      name: 'is packed so that unpacking takes gigabytes of memory',
      script: 'true',
      want: 'MODULE_INVALID'
    },
    ...{ module: hungry, needs: 'xz', wallMs: 15_000, says: 'takes more than it may' }
  },
  {
    name: 'holds more files than it may',
    wallMs: 5_000,
    script: 'true',
    want: 'MODULE_INVALID|LIMIT_WALL',
    module: () => manyFiles(310_000)
  },
  { name: 'is three thousand layers deep', wallMs: 4_000, script: 'true', module: () => manyLayers(3_000) },
  { name: 'is sixty layers deep', script: 'echo ran', module: () => manyLayers(60) },
  {
    name: 'ends in the middle of a layer',
    module: () => rawImage({ layers: [rawTar(shell(), true).subarray(0, 1_000_000)] }),
    script: 'true'
  }
]

/** One file of zeros, packed; packed in pieces, so that the test does not hold it whole. */
function bomb(bytes: number): Buffer {
  const piece = 64 * MiB
  const zeros = gzipSync(Buffer.alloc(piece))
  const pieces = Array.from({ length: bytes / piece }, () => zeros)
  const head = rawTar([...shell(), { path: 'zeros', claims: bytes }], true)
  return rawImage({
    layers: [Buffer.concat([gzipSync(head), ...pieces])],
    diffs: [`sha256:${'00'.repeat(32)}`]
  })
}

/** Of xz, a dictionary of 4 GiB (xz file format, 5.3.1): all that is unpacked is held. */
const LARGEST_DICTIONARY = 40
/** Where the first block's header stands, and in it the byte of its dictionary. */
const XZ = { header: 12, dictionary: 16 }

/** Packed with a small dictionary by the machine's xz, then said to need the largest. */
function hungry(): Buffer {
  const head = rawTar([...shell(), { path: 'zeros', claims: 1152 * MiB }], true)
  const { stdout, status } = spawnSync('sh', ['-c', '{ cat; head -c 1152M /dev/zero; } | xz -0 -T1 -c'], {
    ...{ input: head, maxBuffer: 64 * MiB }
  })
  if (status !== 0 || stdout.length < 1000) throw new Error('xz packed nothing')
  const size = ((stdout[XZ.header] ?? 0) + 1) * 4
  stdout[XZ.dictionary] = LARGEST_DICTIONARY
  const sum = XZ.header + size - 4
  stdout.writeUInt32LE(crc32(stdout.subarray(XZ.header, sum)), sum)
  return rawImage({ layers: [stdout], diffs: [`sha256:${'00'.repeat(32)}`] })
}

function manyFiles(count: number): Buffer {
  const layer = rawTar([...shell(), ...Array.from({ length: count }, (_, i) => ({ path: `f/${i}` }))])
  return rawImage({ layers: [gzipSync(layer)], diffs: [`sha256:${sha256(layer)}`] })
}

const manyLayers = (count: number): Buffer =>
  rawImage({ layers: Array.from({ length: count }, (_, i) => rawTar(i === 0 ? shell() : [file(`l${i}`)])) })
