import { expect } from 'chai'
import { claimedHosts, groupsOf, hostOf } from '../../../../src/peer/capacity/groups.ts'
import type { Address } from '../../../../src/protocol/ids.ts'
import { addressOf, person } from '../../../support/records.ts'

const identity = (byte: number, operator: Address, ...addresses: string[]) => ({
  card: { peer: person(byte).identity.peerId, operator, addresses }
})
const at = (n: number): string => `/ip4/192.0.2.${n}/tcp/4001`
const [a, b, c] = [addressOf('a'), addressOf('b'), addressOf('c')]

describe('identities that may share a machine', () => {
  const sizes = (...list: ReturnType<typeof identity>[]): number[] => {
    const groups = groupsOf(list, claimedHosts)
    return list.map(i => groups.get(i.card.peer)?.length ?? 0)
  }

  it('share a host, or an operator in any spelling, or both over a third', () => {
    expect(sizes(identity(1, a, at(1)), identity(2, b, at(2)))).to.deep.equal([1, 1])
    expect(sizes(identity(1, a, at(1)), identity(2, b, at(2), at(1)))).to.deep.equal([2, 2])
    const upper = a.toUpperCase().replace('0X', '0x') as Address
    expect(sizes(identity(1, a, at(1)), identity(2, upper, at(2)))).to.deep.equal([2, 2])
    expect(
      sizes(identity(1, a, at(1)), identity(2, a, at(2)), identity(3, b, at(2)), identity(4, c))
    ).to.deep.equal([3, 3, 3, 1])
  })

  it('this very machine and relays are no hosts', () => {
    expect(hostOf('/ip4/127.0.0.1/tcp/1')).to.equal(undefined)
    expect(hostOf('/ip6/::1/tcp/1')).to.equal(undefined)
    expect(hostOf('/ip4/192.0.2.9/tcp/1/p2p/12D3/p2p-circuit')).to.equal(undefined)
    expect(hostOf('/dns4/Example.org/tcp/1')).to.equal('example.org')
    expect(hostOf('')).to.equal(undefined)
  })

  it('a claimed host joins nobody who was not seen there', () => {
    const list = [identity(1, a, at(1)), identity(2, b, at(1))]
    expect(groupsOf(list, () => []).get(list[0]?.card.peer as never)).to.have.length(1)
  })
})
