import { expect } from 'chai'
import fc from 'fast-check'
import { cardSelector, verifyCard } from '../../../src/p2p/cards.ts'
import { encodeFrame, FrameDecoder } from '../../../src/p2p/engine/frames.ts'
import { decodeResponse } from '../../../src/p2p/engine/wire.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { methods } from '../../../src/protocol/methods.ts'
import { FakeClock } from '../../unit/p2p/fake-clock.ts'
import { identities, signedCard } from '../../unit/p2p/cards.ts'

const MAX = 500
const wild = fc.uint8Array({ maxLength: 2_000 })

/** Cuts bytes at the given points. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return points.slice(1).map((end, i) => bytes.subarray(points[i], end))
}

/** Frames up to the first refusal; other errors fail the test. */
function decodeAll(chunks: readonly Uint8Array[]): { frames: Uint8Array[]; refused: boolean; held: number } {
  const decoder = new FrameDecoder(MAX)
  const frames: Uint8Array[] = []
  let held = 0
  try {
    for (const chunk of chunks) {
      decoder.push(chunk)
      for (let f = decoder.next(); f !== undefined; f = decoder.next()) frames.push(f)
      held = Math.max(held, decoder.buffered)
    }
    return { frames, refused: false, held }
  } catch (e) {
    if (!isShoalError(e, 'FRAME_TOO_LARGE', 'RECORD_INVALID')) throw e
    return { frames, refused: true, held }
  }
}

describe('decoders of what peers send', () => {
  it('any frames in any split come out the same', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: MAX }), { maxLength: 5 })
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(), { maxLength: 10 }), (all, at) => {
        const bytes = new Uint8Array(Buffer.concat(all.map(b => encodeFrame(b, MAX))))
        expect(decodeAll(cut(bytes, at)).frames).to.deep.equal(all)
      })
    )
  })

  it('any bytes in any split give frames within the limit or one refusal, the same for every split, in bounded memory', () => {
    fc.assert(
      fc.property(wild, fc.array(fc.nat(), { maxLength: 10 }), (bytes, at) => {
        const whole = decodeAll([bytes])
        const split = decodeAll(cut(bytes, at))
        expect(split.frames).to.deep.equal(whole.frames)
        expect(split.refused).to.equal(whole.refused)
        expect(split.frames.every(f => f.length <= MAX)).to.equal(true)
        expect(split.held).to.be.at.most(MAX + bytes.length)
      }),
      { numRuns: 500 }
    )
  })

  it('any bytes and any values as a response give a value or an error with a code', () => {
    const frames = fc.oneof(
      wild,
      fc.anything({ withNullPrototype: false }).map(v => {
        try {
          return encode({ ok: v })
        } catch {
          return new Uint8Array(0) // dag-cbor knows no such value
        }
      })
    )
    fc.assert(
      fc.property(frames, fc.constantFrom(...Object.values(methods)), (frame, method) => {
        try {
          decodeResponse<unknown>(method.response, frame, method.name, method.responseMax)
        } catch (e) {
          expect(isShoalError(e), String(e)).to.equal(true)
        }
      }),
      { numRuns: 500 }
    )
  })

  it('no altered card verifies, and the selector never throws', async () => {
    const [alice] = identities
    const clock = new FakeClock()
    const card = encode(await signedCard(alice, { seq: 1, expires: clock.now() + 60_000 }))
    await verifyCard(card, alice.peerId, clock)
    await fc.assert(
      fc.asyncProperty(fc.nat(card.length - 1), fc.integer({ min: 1, max: 255 }), async (at, x) => {
        const altered = card.slice()
        altered[at] = (altered[at] ?? 0) ^ x
        const result = await verifyCard(altered, alice.peerId, clock).catch((e: unknown) => e)
        expect(isShoalError(result, 'RECORD_INVALID', 'SIGNATURE_INVALID'), String(result)).to.equal(true)
        expect(cardSelector(new Uint8Array(0), [altered, card])).to.be.oneOf([0, 1])
      }),
      { numRuns: 400 }
    )
  })
})
