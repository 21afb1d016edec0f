import { expect } from 'chai'
import { encodeFrame, FrameDecoder } from '../../../src/p2p/engine/frames.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { FRAME_MAX } from '../../../src/protocol/methods.ts'

const body = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i % 251)

function decodeAll(decoder: FrameDecoder, chunks: Iterable<Uint8Array>): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let f = decoder.next(); f !== undefined; f = decoder.next()) frames.push(f)
  }
  return frames
}

function bytewise(bytes: Uint8Array): Uint8Array[] {
  return [...bytes].map(b => Uint8Array.of(b))
}

describe('frames', () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 70_000]) {
    it(`a body of ${size} bytes comes back whole, in one piece and byte by byte`, () => {
      const frame = encodeFrame(body(size), 100_000)
      expect(decodeAll(new FrameDecoder(100_000), [frame])).to.deep.equal([body(size)])
      expect(decodeAll(new FrameDecoder(100_000), bytewise(frame))).to.deep.equal([body(size)])
    })
  }

  it('several frames in one chunk come out one after another', () => {
    const all = Buffer.concat([1, 0, 300].map(n => encodeFrame(body(n), 1_000)))
    expect(decodeAll(new FrameDecoder(1_000), [all])).to.deep.equal([body(1), body(0), body(300)])
  })

  it('a frame at the limit passes, one byte more is refused on its prefix alone', () => {
    const at = new FrameDecoder(1_000)
    expect(decodeAll(at, [encodeFrame(body(1_000), 1_000)])).to.have.lengthOf(1)
    const over = new FrameDecoder(1_000)
    over.push(encodeFrame(body(1_001), 2_000).subarray(0, 2))
    expect(() => over.next()).to.throw('at most 1000')
    expect(over.buffered).to.equal(0)
  })

  it('nothing more is kept after an error', () => {
    const decoder = new FrameDecoder(10)
    decoder.push(Uint8Array.of(0x80, 0x01))
    decoder.push(body(100_000))
    expect(decoder.buffered).to.equal(0)
    expect(() => decoder.next()).to.throw('at most 10')
  })

  it('a length that is not the shortest spelling is refused', () => {
    const decoder = new FrameDecoder(1_000)
    decoder.push(Uint8Array.of(0x85, 0x00))
    expect(() => decoder.next()).to.throw('not the shortest')
  })

  it('a prefix that never ends is refused', () => {
    const decoder = new FrameDecoder(1_000)
    decoder.push(new Uint8Array(8).fill(0xff))
    expect(() => decoder.next())
      .to.throw()
      .and.satisfy((e: unknown) => isShoalError(e, 'FRAME_TOO_LARGE'))
  })

  it('no limit lets more than FRAME_MAX through', () => {
    expect(() => encodeFrame(new Uint8Array(FRAME_MAX + 1), FRAME_MAX * 2)).to.throw('at most')
  })

  it('what was pushed may be reused by its owner', () => {
    const decoder = new FrameDecoder(100)
    const frame = encodeFrame(body(10), 100)
    const part = frame.slice(0, 5)
    decoder.push(part)
    part.fill(0xee)
    decoder.push(frame.subarray(5))
    expect(decoder.next()).to.deep.equal(body(10))
  })
})
