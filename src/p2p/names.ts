/** Names on the wire. Each carries the network's id, so that networks never mix. */
import { ShoalError } from '../protocol/errors.ts'
import { methods } from '../protocol/methods.ts'

/** A network id: what may stand in protocol ids, topics and DNS labels. */
const NETWORK_ID = /^[a-z0-9][a-z0-9-]{0,31}$/

export interface Names {
  /** Protocol id of a request method. */
  method(name: string, version: number): string
  topic(name: string): string
  readonly dht: string
  /** Prefix of identify's protocol ids: peers of other networks cannot identify themselves to us. */
  readonly identifyPrefix: string
  readonly identify: string
  /** Service name in mDNS. */
  readonly mdns: string
  /** What any protocol of this network begins with. */
  readonly prefix: string
}

/** Conversations without which two peers cannot deal. */
const DEALING = ['adverts', 'offers', 'bid', 'bids', 'agree', 'start', 'events', 'receipt', 'cancel'] as const

/**
 * Whether a peer that serves these protocols speaks another version of a conversation that dealing needs. One that serves none of them
 * says nothing of its version.
 */
export function isOtherVersion(names: Names, protocols: readonly string[]): boolean {
  return DEALING.some(method => {
    const { name, version } = methods[method]
    const prefix = `${names.prefix}${name}/`
    const served = protocols.filter(p => p.startsWith(prefix))
    return served.length > 0 && !served.includes(names.method(name, version))
  })
}

/** The names of a network. CONFIG_INVALID when the id has other characters than a-z, 0-9 and `-`, or more than 32. */
export function namesOf(networkId: string): Names {
  if (!NETWORK_ID.test(networkId)) {
    throw new ShoalError('CONFIG_INVALID', `"${networkId.slice(0, 64)}" is no network id.`, {
      next: 'Use 1 to 32 characters of a-z, 0-9 and "-", beginning with a letter or digit.'
    })
  }
  const prefix = `/shoal/${networkId}/`
  return {
    method: (name, version) => `${prefix}${name}/${version}`,
    topic: name => `${prefix}${name}/1`,
    dht: `${prefix}kad/1.0.0`,
    identifyPrefix: `shoal/${networkId}`,
    identify: `${prefix}id/1.0.0`,
    mdns: `_shoal-${networkId}._udp.local`,
    prefix
  }
}
