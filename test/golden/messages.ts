/** Messages of every method as they travel, under the id of their conversation. */
import { encodeFrame } from '../../src/p2p/engine/frames.ts'
import { encodeEnd, encodeError, encodeOk } from '../../src/p2p/engine/wire.ts'
import { namesOf } from '../../src/p2p/names.ts'
import { encode, toHex } from '../../src/protocol/codec.ts'
import { ShoalError } from '../../src/protocol/errors.ts'
import { methods, type MethodName } from '../../src/protocol/methods.ts'
import * as records from '../support/records.ts'
import { samples } from '../support/schemas.ts'

/** A network id that no network has. */
export const NETWORK = 'golden'

export interface Message {
  /** dag-cbor; of a response with its envelope. */
  readonly body: string
  /** The body with its length in front: what is on the stream. */
  readonly frame: string
}
export interface Conversation {
  readonly request: Message
  /** Every kind of response frame. */
  readonly responses: readonly Message[]
}

const message = (body: Uint8Array, max: number): Message => ({
  body: toHex(body),
  frame: toHex(encodeFrame(body, max))
})

/** By protocol id. */
export async function conversations(): Promise<Record<string, Conversation>> {
  const all = new Map((await samples()).map(s => [s.name, s.value]))
  const events = await records.events()
  const out: Record<string, Conversation> = {}
  for (const name of Object.keys(methods) as MethodName[]) {
    const m = methods[name]
    const values = name === 'events' ? events : [all.get(`${name} response`)]
    const ends = m.kind === 'stream' ? [encodeEnd()] : []
    const refused = encodeError(new ShoalError('NOT_FOUND', 'no such agreement'))
    out[namesOf(NETWORK).method(m.name, m.version)] = {
      request: message(encode(all.get(`${name} request`)), m.requestMax),
      responses: [...values.map(encodeOk), ...ends, refused].map(b => message(b, m.responseMax))
    }
  }
  return out
}
