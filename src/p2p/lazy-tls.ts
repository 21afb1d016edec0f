/**
 * TLS that is loaded when a connection first speaks it: with its certificate parser it takes 12 MiB of resident memory (measured,
 * Node 22), which a peer that only ever speaks noise need not carry.
 */
import {
  serviceCapabilities,
  type ConnectionEncrypter,
  type MessageStream,
  type SecureConnectionOptions,
  type SecuredConnection
} from '@libp2p/interface'
import type { TLSComponents } from '@libp2p/tls'

/** https://github.com/libp2p/specs/blob/master/tls/tls.md */
const PROTOCOL = '/tls/1.0.0'

class LazyTls implements ConnectionEncrypter {
  readonly protocol = PROTOCOL
  readonly [Symbol.toStringTag] = '@shoal/lazy-tls'
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #components: TLSComponents
  #loaded: Promise<ConnectionEncrypter> | undefined

  constructor(components: TLSComponents) {
    this.#components = components
  }

  #load(): Promise<ConnectionEncrypter> {
    this.#loaded ??= import('@libp2p/tls').then(({ tls }) => tls()(this.#components))
    return this.#loaded
  }

  async secureInbound(
    connection: MessageStream,
    options?: SecureConnectionOptions
  ): Promise<SecuredConnection> {
    return await (await this.#load()).secureInbound(connection, options)
  }

  async secureOutbound(
    connection: MessageStream,
    options?: SecureConnectionOptions
  ): Promise<SecuredConnection> {
    return await (await this.#load()).secureOutbound(connection, options)
  }
}

/** A connection encrypter for createLibp2p, like `tls()` of @libp2p/tls. */
export const lazyTls =
  () =>
  (components: TLSComponents): ConnectionEncrypter =>
    new LazyTls(components)
