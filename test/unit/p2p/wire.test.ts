import { expect } from 'chai'
import { z } from 'zod'
import { decodeResponse, encodeEnd, encodeError, encodeOk, isRemote } from '../../../src/p2p/engine/wire.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'

const schema = z.strictObject({ n: z.number() })
const read = (frame: Uint8Array): unknown => decodeResponse(schema, frame, 'test', 1_000)
function failure(frame: Uint8Array): ShoalError {
  try {
    read(frame)
  } catch (e) {
    if (e instanceof ShoalError) return e
  }
  throw new Error('nothing failed')
}

describe('response frames', () => {
  it('carry a value', () => {
    expect(read(encodeOk({ n: 1 }))).to.deep.equal({ value: { n: 1 } })
  })

  it('say where a stream ends', () => {
    expect(read(encodeEnd())).to.equal(undefined)
  })

  it('carry an error of the asker’s making, marked as remote, its message cut', () => {
    const error = failure(encodeError(new ShoalError('PRICE_TOO_LOW', 'x'.repeat(1_000))))
    expect([error.code, error.message.length, isRemote(error)]).to.deep.equal(['PRICE_TOO_LOW', 256, true])
  })

  it('say nothing of our own troubles', () => {
    const own = [
      new Error('database /home/x broke'),
      new ShoalError('DISK_FULL', '/home/x'),
      new ShoalError('PASSPHRASE_WRONG', 'secret'),
      'text'
    ]
    for (const thrown of own) {
      const error = failure(encodeError(thrown))
      expect([error.code, error.message]).to.deep.equal(['PEER_REFUSED', 'The peer could not answer.'])
    }
  })

  it('a peer cannot make us throw codes of our own', () => {
    for (const code of ['CANCELLED', 'DISK_FULL', 'PEER_VIOLATION', 'nonsense']) {
      expect(failure(encode({ error: { code, message: 'm' } })).code).to.equal('PEER_REFUSED')
    }
  })

  it('anything else is malformed and not remote', () => {
    const bad = [
      {},
      { ok: { n: 'x' } },
      { ok: { n: 1 }, more: 1 },
      { error: { code: 1, message: 'm' } },
      [1],
      null
    ]
    for (const value of bad) {
      const error = failure(encode(value))
      expect([error.code, isRemote(error)], JSON.stringify(value)).to.deep.equal(['RECORD_INVALID', false])
    }
  })
})
