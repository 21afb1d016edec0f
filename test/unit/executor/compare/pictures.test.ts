/** Results of pictures: other files with equal pixels pass, other pixels do not, and neither does what pretends to be a picture. */
import { expect } from 'chai'
import { deflateSync } from 'node:zlib'
import { encodePng, type Pixels } from '../../../../src/executor/blender/png.ts'
import type { CompareRule } from '../../../../src/protocol/records/compare.ts'
import { compareTrees, packPng, pngChunk } from '../../../support/compare.ts'

const RULE: CompareRule = { by: 'pixels', difference: 2, share: 0.01 }
const picture = (changes: Partial<Pixels> = {}): Pixels => {
  const shape = { width: 40, height: 30, bytesPerPixel: 3, colour: 2, depth: 8, ...changes } as const
  const data = Uint8Array.from(
    { length: shape.width * shape.height * shape.bytesPerPixel },
    (_, i) => (i * 37) % 200
  )
  return { ...shape, data, ...changes }
}
/** The first `pixels` of a picture, each brighter by `by`. */
const brighter = (p: Pixels, pixels: number, by: number): Pixels => ({
  ...p,
  data: p.data.map((v, i) => (i < pixels * p.bytesPerPixel ? v + by : v))
})
const differ = async (a: Uint8Array, b: Uint8Array, rule: CompareRule | undefined = RULE) =>
  (await compareTrees({ 'f.png': a }, { 'f.png': b }, rule)).reason

describe('results of pictures', () => {
  for (const shape of [
    { colour: 2, bytesPerPixel: 3, depth: 8 },
    { colour: 6, bytesPerPixel: 4, depth: 8 },
    { colour: 2, bytesPerPixel: 6, depth: 16 },
    { colour: 6, bytesPerPixel: 8, depth: 16 }
  ] as const)
    it(`another file with equal pixels is the same (colour ${shape.colour}, ${shape.depth} bit)`, async () => {
      const p = picture(shape)
      expect(await differ(encodePng(p), packPng(p))).to.equal(undefined)
      expect(
        await differ(encodePng(p), packPng(p), { by: 'tolerance', absolute: 1, relative: 0.1 })
      ).to.equal('f.png has other bytes')
    })

  it('a channel may be off by the difference in all pixels, and by more in a share of them', async () => {
    const p = picture()
    expect(await differ(encodePng(p), packPng(brighter(p, 1200, 2)))).to.equal(undefined)
    expect(await differ(encodePng(p), packPng(brighter(p, 12, 50)))).to.equal(undefined)
    expect(await differ(encodePng(p), packPng(brighter(p, 13, 50)))).to.equal(
      'f.png 13 pixels or more (the first at 0,0) are off by more than 2 of 255, at most 12 of 1200 may be'
    )
    expect(await differ(encodePng(p), packPng(brighter(p, 1200, 3)))).to.contain('off by more than 2')
  })

  it('the steps of 16 bit channels are 257 times as fine', async () => {
    const p = picture({ bytesPerPixel: 6, depth: 16 })
    const finer = { ...p, data: p.data.map((v, i) => (i % 2 === 1 ? 255 - v : v)) }
    expect(await differ(encodePng(p), packPng(finer))).to.equal(undefined)
    const off = { ...p, data: p.data.map((v, i) => (i % 2 === 0 ? v + 3 : v)) }
    expect(await differ(encodePng(p), packPng(off))).to.contain('off by more than 2')
  })

  it('size and layout count, and chunks that change what pixels look like; texts do not', async () => {
    const p = picture()
    expect(await differ(encodePng(p), packPng(picture({ width: 30, height: 40 })))).to.equal(
      'f.png is 40x30, 8 bit RGB and 30x40, 8 bit RGB'
    )
    const gamma = pngChunk('gAMA', Uint8Array.of(0, 0, 1, 0))
    expect(await differ(encodePng(p), packPng(p, [gamma]))).to.contain('other colours')
    expect(await differ(packPng(p, [gamma]), packPng(brighter(p, 1, 1), [gamma]))).to.equal(undefined)
    const time = pngChunk('tIME', Uint8Array.of(7, 234, 1, 1, 0, 0, 0))
    expect(await differ(encodePng(p), packPng(p, [time]))).to.equal(undefined)
  })

  it('what is no picture, is damaged, or holds more or less than its head says is like no other', async () => {
    const good = packPng(picture())
    const at = (byte: number, value: number): Uint8Array => {
      const bytes = Uint8Array.from(good)
      bytes[byte] = value
      return bytes
    }
    const bad = [
      new Uint8Array(0),
      good.subarray(0, -20),
      Buffer.concat([good, Buffer.from('more')]),
      at(30, 1),
      at(70, 255),
      packPng({ ...picture(), data: picture().data.subarray(0, 3000) }),
      packPng({ ...picture(), height: 31 })
    ]
    for (const [i, bytes] of bad.entries())
      expect(await differ(encodePng(picture()), bytes), String(i)).to.match(/cannot be compared|is 40x3/)
  })

  it('a bomb is not unpacked: one row too many ends it', async () => {
    const head = Buffer.alloc(13)
    head.writeUInt32BE(40, 0)
    head.writeUInt32BE(30, 4)
    head.set([8, 2], 8)
    const bomb = Buffer.concat([
      good().subarray(0, 8),
      pngChunk('IHDR', head),
      pngChunk('IDAT', deflateSync(new Uint8Array(300_000_000), { level: 9 })),
      pngChunk('IEND', new Uint8Array(0))
    ])
    const black = picture({ data: new Uint8Array(40 * 30 * 3) })
    const before = process.memoryUsage().arrayBuffers
    expect(await differ(encodePng(black), bomb)).to.contain('holds more than its head says')
    expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(50_000_000)
  })
})

const good = (): Uint8Array => packPng(picture())
