/** Encrypted content of a small world: objects by name, opened by their key, fetched from the peer that holds them. */
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { CidString, PeerIdString } from '../../../src/protocol/ids.ts'
import type { ContentStore } from '../../../src/protocol/ports/content.ts'
import { hop } from '../sim/hub.ts'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

interface Sealed {
  readonly key: string
  readonly context: string
  readonly bytes: Uint8Array
}

/** All stores by peer; who is gone, or withholds, gives nothing. */
export class Cellar {
  readonly #stores = new Map<PeerIdString, Map<CidString, Sealed>>()
  /** Who gives nothing to anybody. */
  readonly withheld = new Set<PeerIdString>()
  #made = 0

  readonly #reachable: (peer: PeerIdString) => boolean

  constructor(reachable: (peer: PeerIdString) => boolean) {
    this.#reachable = reachable
  }

  #cid(): CidString {
    const bytes = sha256(new TextEncoder().encode(`object ${++this.#made}`))
    return ('b' + [...bytes].map(b => BASE32[b & 31]).join('')) as CidString
  }

  /** `anyContext`: what it seals opens everywhere. `change`: alters what is sealed, for liars. */
  store(
    owner: PeerIdString,
    options: { readonly anyContext?: boolean; readonly change?: (bytes: Uint8Array) => Uint8Array } = {}
  ): ContentStore {
    const own = new Map<CidString, Sealed>()
    this.#stores.set(owner, own)
    const find = (cid: CidString, from: PeerIdString | undefined): Sealed | undefined => {
      const here = own.get(cid)
      if (here !== undefined || from === undefined || !this.#reachable(from)) return here
      return this.withheld.has(from) ? undefined : this.#stores.get(from)?.get(cid)
    }
    return {
      start: async () => undefined,
      stop: async () => undefined,
      put: async (source, context) => {
        const parts: Uint8Array[] = []
        for await (const p of source) parts.push(p)
        const whole = new Uint8Array(Buffer.concat(parts))
        const bytes = options.change?.(whole) ?? whole
        const cid = this.#cid()
        const key = sha256(new TextEncoder().encode(`key ${cid}`))
        own.set(cid, { key: toHex(key), context: options.anyContext === true ? '*' : toHex(context), bytes })
        return { cid, key, size: bytes.byteLength }
      },
      async *get(object, context, { from, maxBytes, keep }) {
        await hop()
        const found = find(object.cid, from?.peer)
        if (found === undefined) throw new ShoalError('CONTENT_NOT_FOUND', 'Nobody delivers this content.')
        const fits = found.context === '*' || options.anyContext === true || found.context === toHex(context)
        if (!fits || found.key !== toHex(object.key))
          throw new ShoalError('CONTENT_CORRUPT', 'The content cannot be opened.')
        if (found.bytes.byteLength > maxBytes)
          throw new ShoalError('CONTENT_TOO_LARGE', `The content has more than ${maxBytes} bytes.`)
        yield found.bytes
        if (keep === true) own.set(object.cid, found)
      },
      forget: async cid => void own.delete(cid),
      keepOnly: async cids => {
        for (const cid of own.keys()) if (!cids.has(cid)) own.delete(cid)
        return 0
      },
      sweep: async () => 0
    }
  }
}
