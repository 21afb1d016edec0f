import { expect } from 'chai'
import { STRANGE_MAX, Strangers } from '../../../src/peer/provider/strangers.ts'
import type { Hex32, PeerIdString } from '../../../src/protocol/ids.ts'
import type { PeerNetwork } from '../../../src/protocol/ports/network.ts'
import { ManualClock } from '../../support/clock.ts'

const peer = 'p' as PeerIdString
const id = (n: number): Hex32 => `0x${n.toString(16).padStart(12, '0')}${'0'.repeat(52)}` as Hex32

describe('questions about agreements that were never made', () => {
  function make() {
    const clock = new ManualClock(1_000_000)
    const accused: string[] = []
    const network = { accuse: (p: string, kind: string) => accused.push(`${p} ${kind}`) }
    return { clock, accused, strangers: new Strangers({ clock, network: network as unknown as PeerNetwork }) }
  }

  it('about those of two whole jobs, again and again, cost nobody anything; about more they are a flood', () => {
    const { accused, strangers } = make()
    for (let round = 0; round < 20; round++) for (let n = 0; n < STRANGE_MAX; n++) strangers.note(peer, id(n))
    expect(accused).to.deep.equal([])
    strangers.note(peer, id(STRANGE_MAX))
    expect(accused).to.deep.equal(['p stranger-flood'])
  })

  it('are counted for each peer and window', async () => {
    const { clock, accused, strangers } = make()
    for (let n = 0; n < STRANGE_MAX; n++) strangers.note(peer, id(n))
    strangers.note('q' as PeerIdString, id(STRANGE_MAX))
    await clock.advance(10_001)
    for (let n = 0; n < STRANGE_MAX; n++) strangers.note(peer, id(STRANGE_MAX + n))
    expect(accused).to.deep.equal([])
  })
})
