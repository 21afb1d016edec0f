/** Yamux frames by hand, under the library: what its own muxer would never send. */
import type { Connection } from '@libp2p/interface'

/** The parts of libp2p's connection that an attacker reaches through. */
interface Inside {
  readonly muxer: {
    readonly maConn: { send(data: Uint8Array): boolean; readonly writableNeedsDrain: boolean }
    handleFrame(frame: { readonly header: { readonly type: number } }): void
  }
}

export const FRAME = { data: 0, window: 1, ping: 2, goAway: 3 } as const
export const FLAG = { none: 0, syn: 1, ack: 2, fin: 4, rst: 8 } as const

export function frame(type: number, flag: number, stream: number, length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(12))
  header.setUint8(1, type)
  header.setUint16(2, flag)
  header.setUint32(4, stream)
  header.setUint32(8, length)
  return new Uint8Array(header.buffer)
}

/** Writes bytes into the encrypted connection; false when it is full. */
export const wire = (connection: Connection, bytes: Uint8Array): boolean =>
  (connection as unknown as Inside).muxer.maConn.send(bytes)

export const isFull = (connection: Connection): boolean =>
  (connection as unknown as Inside).muxer.maConn.writableNeedsDrain

/** Takes no notice of answers to pings: the library would hang up on those that it did not send itself. */
export function ignorePings(connection: Connection): void {
  const { muxer } = connection as unknown as Inside
  const handle = muxer.handleFrame.bind(muxer)
  muxer.handleFrame = f => {
    if (f.header.type !== FRAME.ping) handle(f)
  }
}
