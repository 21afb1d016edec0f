import { expect } from 'chai'
import { decodeHeader, encodeFrame, MAX_PAYLOAD } from '../../../src/executor/runner/frames.ts'
import { thrown } from '../../support/failures.ts'

describe('frames between the engine and its runner', () => {
  const header = (length: number): Uint8Array => {
    const bytes = new Uint8Array(5)
    new DataView(bytes.buffer).setUint32(0, length)
    return bytes
  }

  it('the largest payload passes, one byte more is refused before there is room for it', () => {
    expect(decodeHeader(header(MAX_PAYLOAD)).length).to.equal(MAX_PAYLOAD)
    thrown(() => decodeHeader(header(MAX_PAYLOAD + 1)), 'FRAME_TOO_LARGE')
    thrown(() => decodeHeader(header(2 ** 32 - 1)), 'FRAME_TOO_LARGE')
  })

  it('say their type and length', () => {
    expect(decodeHeader(encodeFrame(7, Uint8Array.of(1, 2, 3)))).to.deep.equal({ type: 7, length: 3 })
  })
})
