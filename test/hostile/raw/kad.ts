/** DHT messages by hand (libp2p kad-dht 1.0.0). */
import { bytesField, join, numberField, prefixed } from './protobuf.ts'

const TYPES = { put: 0, get: 1, addProvider: 2, getProviders: 3, findNode: 4 } as const

/** A signed record as the DHT stores it. */
export const dhtRecord = (key: Uint8Array, value: Uint8Array): Uint8Array =>
  join(bytesField(1, key), bytesField(2, value))

export const provider = (id: Uint8Array, ...addresses: readonly Uint8Array[]): Uint8Array =>
  bytesField(9, join(bytesField(1, id), ...addresses.map(a => bytesField(2, a))))

export const kadMessage = (
  type: keyof typeof TYPES,
  key: Uint8Array,
  ...more: readonly Uint8Array[]
): Uint8Array => prefixed(join(numberField(1, TYPES[type]), bytesField(2, key), ...more))

export const recordField = (record: Uint8Array): Uint8Array => bytesField(3, record)

/** The multihash of sha2-256 around any 32 bytes. */
export const multihash = (digest: Uint8Array): Uint8Array => join(Uint8Array.of(0x12, 0x20), digest)
