/**
 * The DHT's records in bounded space. kad-dht 16.4.5 keeps every valid record of every peer for two days, and takes an older record
 * for a newer one; here the oldest make room, and a card is never replaced by one that ranks below it.
 */
import type { Libp2pOptions } from 'libp2p'
import { ShoalError } from '../../protocol/errors.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { cardSelector } from '../cards.ts'

export type Datastore = NonNullable<Libp2pOptions['datastore']>
type Key = Parameters<Datastore['put']>[0]

const RECORDS = '/dht/record'
const PROVIDERS = '/dht/provider'
/** Cards of others: at most 16 KiB each, below 1 KiB in practice. */
export const RECORDS_MAX = 4_096
/** Provider records: some hundred bytes each. */
export const PROVIDERS_MAX = 16_384

/** The node's own datastore with another `put`: everything but the DHT's records passes through. */
export function boundedDatastore(
  inner: Datastore,
  max = { records: RECORDS_MAX, providers: PROVIDERS_MAX }
): Datastore {
  const kept = [
    new BoundedKeys(inner, RECORDS, max.records),
    new BoundedKeys(inner, PROVIDERS, max.providers)
  ]
  const put: Datastore['put'] = async (key, value, options) => {
    if (key.toString().startsWith(RECORDS)) await refuseOlder(inner, key, value)
    for (const keys of kept) await keys.add(key)
    return await inner.put(key, value, options)
  }
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === 'put') return put
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    }
  })
}

async function refuseOlder(store: Datastore, key: Key, record: Uint8Array): Promise<void> {
  if (!(await store.has(key))) return
  const [ours, theirs] = [cardOf(await store.get(key)), cardOf(record)]
  if (cardSelector(new Uint8Array(), [theirs, ours]) !== 0)
    throw new ShoalError('RECORD_INVALID', 'A newer record of this key is known.')
}

/** The value in a DHT record (a protocol buffer: field 2, bytes); empty when there is none. */
export function cardOf(record: Uint8Array): Uint8Array {
  let at = 0
  const number = (): number => {
    let value = 0
    for (let shift = 1; at < record.length; shift *= 128) {
      const byte = record[at++] ?? 0
      value += (byte & 0x7f) * shift
      if (byte < 0x80) break
    }
    return value
  }
  while (at < record.length) {
    const tag = number()
    const length = number()
    if (tag === 0x12) return record.subarray(at, at + length)
    if ((tag & 7) === 2) at += length // of other kinds the number was the value
  }
  return new Uint8Array()
}

/** A key by its name; keys are not kept, since each holds on to 8 KiB of Node's buffer pool through a slice of some bytes. */
const named = (name: string, like: Key): Key => new (like.constructor as new (name: string) => Key)(name)

/** The keys below one prefix, the oldest written first; read from the store once. */
class BoundedKeys {
  readonly #inner: Datastore
  readonly #prefix: string
  readonly #max: number
  readonly #keys: BoundedMap<string, true>
  #loaded: Promise<void> | undefined

  constructor(inner: Datastore, prefix: string, max: number) {
    this.#inner = inner
    this.#prefix = prefix
    this.#max = max
    this.#keys = new BoundedMap(2 * max + 1)
  }

  /** Takes in a key of its prefix and makes room for it. */
  async add(key: Key): Promise<void> {
    if (!key.toString().startsWith(this.#prefix)) return
    await (this.#loaded ??= this.#load())
    this.#keys.set(key.toString(), true)
    for (const [name] of this.#keys.entries()) {
      if (this.#keys.size <= this.#max) return
      this.#keys.delete(name)
      await this.#inner.delete(named(name, key))
    }
  }

  async #load(): Promise<void> {
    for await (const key of this.#inner.queryKeys({ prefix: this.#prefix }))
      this.#keys.set(key.toString(), true)
  }
}
