/** How blocks move between simulated peers: straight from the other one's disk. */
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { abortable } from '../../../src/protocol/signals.ts'
import type { Blocks } from '../../../src/storage/blocks.ts'
import type { BlockExchange } from '../../../src/storage/exchange.ts'
import { hop, type Hub, type Port } from './hub.ts'

export class SimExchange implements BlockExchange {
  readonly #hub: Hub

  constructor(hub: Hub, port: Port, blocks: Blocks) {
    this.#hub = hub
    port.blocks = blocks
  }

  start = async (): Promise<void> => undefined
  stop = async (): Promise<void> => undefined
  announce = async (): Promise<void> => undefined

  async ask(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    await hop()
    const other = this.#hub.find({ peer: peer.toString() as PeerIdString })
    const both = AbortSignal.any([signal, other.gone.signal])
    const block = await abortable(other.blocks?.read(cid) ?? Promise.resolve(undefined), both)
    await hop()
    if (block === undefined)
      throw new ShoalError('CONTENT_NOT_FOUND', 'no such block', { data: { absent: true } })
    return block
  }

  async *providers(): AsyncGenerator<PeerId> {
    // nobody is found: the source that is named is the only one
  }
}
