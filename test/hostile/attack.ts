/** What an attack is, and how one is carried on until the victim has had enough. */
import type { Address } from '../../src/protocol/ids.ts'
import type { Siege } from './siege.ts'

/** Whom to attack. */
export interface Target {
  /** Multiaddr with the peer id. */
  readonly address: string
  readonly peer: string
  readonly networkId: string
  readonly chainId: string
  readonly escrow: Address
  /** Records that were seen on the network, as an eavesdropper keeps them: base64 of encoded adverts. */
  readonly seen: readonly string[]
  /** An outdated card of an honest peer: its DHT key and the card, base64. */
  readonly oldCard: { readonly key: string; readonly card: string }
}

export interface Attack {
  readonly name: string
  readonly what: string
  /** How much is sent, in words. */
  readonly rate: string
  /** `cut off`: the attacker loses its connections and gets no more. `no effect`: it may stay, and gains nothing. */
  readonly expect: 'cut off' | 'no effect'
  run(siege: Siege): Promise<void>
}

/** What the attacker's process reports. Times in ms since its first hostile byte. */
export interface Outcome {
  readonly name: string
  readonly sent: number
  /** Undefined while the victim still talks to it. */
  readonly cutAfter: number | undefined
  readonly how: string
  readonly error?: string
}
