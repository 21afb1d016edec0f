import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { identityFromSeed, identityVerifier, publicKeyOfPeerId } from '../../../src/p2p/identity.ts'
import { namesOf } from '../../../src/p2p/names.ts'
import { isLocalAddress, LocalAddresses } from '../../../src/p2p/local-addresses.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'

const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
const message = new TextEncoder().encode('hello')

describe('network identity', () => {
  it('has the peer id that libp2p gives the same seed', async () => {
    const key = await generateKeyPairFromSeed('Ed25519', seed)
    expect(identityFromSeed(seed).peerId).to.equal(peerIdFromPrivateKey(key).toString())
  })

  it('its signatures pass libp2p, and libp2p passes ours', async () => {
    const key = await generateKeyPairFromSeed('Ed25519', seed)
    const own = identityFromSeed(seed)
    expect(await key.publicKey.verify(message, await own.sign(message))).to.equal(true)
    expect(await identityVerifier.verify(own.peerId, message, await key.sign(message))).to.equal(true)
  })

  it('another message, another peer, a cut signature and a false peer id are refused', async () => {
    const own = identityFromSeed(seed)
    const other = identityFromSeed(new Uint8Array(32).fill(7))
    const signature = await own.sign(message)
    expect(await identityVerifier.verify(own.peerId, seed, signature)).to.equal(false)
    expect(await identityVerifier.verify(other.peerId, message, signature)).to.equal(false)
    expect(await identityVerifier.verify(own.peerId, message, signature.subarray(1))).to.equal(false)
    expect(await identityVerifier.verify('Qm0OIl' as PeerIdString, message, signature)).to.equal(false)
  })

  it('a peer id of another kind of key holds no key of ours', () => {
    expect(publicKeyOfPeerId('QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4')).to.equal(undefined)
  })

  it('a seed of another size is refused', () => {
    expect(() => identityFromSeed(seed.subarray(1))).to.throw('32 bytes')
  })
})

describe('names', () => {
  it('carry the network in every id', () => {
    const names = namesOf('abc123')
    expect(names.method('bid', 1)).to.equal('/shoal/abc123/bid/1')
    expect(names.topic('offers/wasm')).to.equal('/shoal/abc123/offers/wasm/1')
    expect(names.dht).to.equal('/shoal/abc123/kad/1.0.0')
  })

  for (const bad of ['', 'a/b', 'A', 'x'.repeat(33), '-a']) {
    it(`"${bad}" is no network id`, () => {
      expect(() => namesOf(bad)).to.throw('network id')
    })
  }
})

describe('local addresses', () => {
  it('are loopback, private, link-local and carriers’ networks, and nothing else', () => {
    const local = [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.0.9',
      '172.16.0.1',
      '172.31.9.9',
      '100.64.0.1',
      '::1',
      'fd00::1'
    ]
    expect(local.filter(ip => !isLocalAddress(ip))).to.deep.equal([])
    const open = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '11.0.0.1', '2001:db8::1', '192.169.0.1']
    expect(open.filter(ip => new LocalAddresses().has(ip))).to.deep.equal([])
  })
})
