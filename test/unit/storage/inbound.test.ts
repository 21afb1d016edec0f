import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { expect } from 'chai'
import { InboundStream } from '../../../src/storage/inbound.ts'

/** The events of a stream, and what was asked of it. */
class FakeStream extends EventTarget {
  readonly id = '7'
  readonly protocol = '/ipfs/bitswap/1.2.0'
  status = 'open'
  readonly aborted: Error[] = []
  closed = 0

  abort(error: Error): void {
    this.aborted.push(error)
  }
  async close(): Promise<void> {
    this.closed++
  }
  say(type: string, data?: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event(type), { data }))
  }
}

const wrap = (stream: FakeStream, onMessage: (bytes: number) => boolean = () => true): InboundStream =>
  new InboundStream(stream as unknown as Stream, onMessage)

describe('an inbound stream of the block exchange', () => {
  it('is closed and aborted through its handle while it is open', async () => {
    const stream = new FakeStream()
    const handle = wrap(stream)
    expect([handle.id, handle.protocol, handle.status]).to.deep.equal(['7', stream.protocol, 'open'])
    await handle.close()
    handle.abort(new Error('too late'))
    expect(stream.closed).to.equal(1)
    expect(stream.aborted.map(e => e.message)).to.deep.equal(['too late'])
  })

  it('is let go of by its handle when it has closed: a timer that outlives it holds the handle only', async () => {
    const stream = new FakeStream()
    const handle = wrap(stream)
    handle.addEventListener('close', () => undefined)
    stream.say('close')
    expect(handle.status).to.equal('closed')
    handle.abort(new Error('the timer fires'))
    await handle.close()
    expect(stream.aborted).to.deep.equal([])
    expect(stream.closed).to.equal(0)
  })

  it('one that has closed before anybody listens gives what it has buffered', () => {
    const stream = new FakeStream()
    const seen: number[] = []
    const handle = wrap(stream)
    stream.say('close')
    handle.addEventListener('message', (e: StreamMessageEvent) => void seen.push(e.data.byteLength))
    handle.addEventListener('remoteCloseWrite', () => undefined)
    stream.say('message', new Uint8Array(9))
    expect(seen).to.deep.equal([9])
    handle.addEventListener('close', () => undefined)
    handle.abort(new Error('the timer fires'))
    expect(stream.aborted).to.deep.equal([])
  })

  it('its messages are counted first, and dropped when they are too much; its other events pass', () => {
    const stream = new FakeStream()
    const seen: string[] = []
    const handle = wrap(stream, bytes => bytes < 10)
    handle.addEventListener(
      'message',
      (e: StreamMessageEvent) => void seen.push(`${e.data.byteLength} bytes`)
    )
    handle.addEventListener('close', () => void seen.push('close'))
    stream.say('message', new Uint8Array(9))
    stream.say('message', new Uint8Array(10))
    stream.say('close')
    expect(seen).to.deep.equal(['9 bytes', 'close'])
  })
})
