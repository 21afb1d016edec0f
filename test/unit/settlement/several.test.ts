import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { RpcRefused, RpcUnreachable, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'
import { severalRpcs } from '../../../src/settlement/rpc/several.ts'
import { ManualClock } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'

/** A node that says its name, unless it is away. */
class Node implements RpcTransport {
  away = false
  chain = 5
  head = 100
  asked: string[] = []
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  send: RpcTransport['send'] = async ({ method }) => {
    this.asked.push(method)
    if (this.away) throw new RpcUnreachable('away')
    if (method === 'eth_chainId') return `0x${this.chain.toString(16)}`
    if (method === 'eth_blockNumber') return `0x${this.head.toString(16)}`
    if (method === 'refused') throw new RpcRefused(3, 'reverted', undefined)
    return this.name
  }
  close = async (): Promise<void> => undefined
}

describe('several RPCs', () => {
  let clock: ManualClock
  let [a, b] = [new Node('a'), new Node('b')]
  let rpc: RpcTransport
  const ask = (method = 'x'): Promise<unknown> => rpc.send({ method, params: [] })

  beforeEach(() => {
    clock = new ManualClock()
    ;[a, b] = [new Node('a'), new Node('b')]
    const endpoints = [a, b].map(n => ({ name: n.name, transport: n }))
    rpc = severalRpcs(endpoints, { clock, log: noLog, chainId: 5n })
  })

  it('ask the first while it is well', async () => {
    expect(await ask()).to.equal('a')
    expect(b.asked).to.deep.equal([])
  })

  it('ask the next when one is away, and the first again after its rest', async () => {
    a.away = true
    expect(await ask()).to.equal('b')
    const before = a.asked.length
    expect(await ask()).to.equal('b')
    expect(a.asked.length, 'the first rests').to.equal(before)
    a.away = false
    await clock.advance(1_001)
    expect(await ask()).to.equal('a')
  })

  it('rest longer with every failure, at most half a minute', async () => {
    a.away = true
    for (let i = 0; i < 20; i++) {
      await ask()
      await clock.advance(1_001)
    }
    const asked = a.asked.length
    await clock.advance(30_001)
    await ask()
    expect(asked).to.be.lessThan(8)
    expect(a.asked.length).to.equal(asked + 1)
  })

  it('try all when all rest, and tell the last failure when none answers', async () => {
    a.away = b.away = true
    expect(await ask().catch((e: unknown) => e)).to.be.instanceOf(RpcUnreachable)
    b.away = false
    expect(await ask()).to.equal('b')
  })

  it('pass a refusal on, which is an answer', async () => {
    expect(await ask('refused').catch((e: unknown) => e)).to.be.instanceOf(RpcRefused)
    expect(b.asked).to.deep.equal([])
  })

  it('pass over one that serves another chain, also when it changes during an outage', async () => {
    a.chain = 1
    expect(await ask()).to.equal('b')
    expect(a.asked).to.deep.equal(['eth_chainId'])
    b.away = true
    const error = await ask().catch((e: unknown) => e)
    expect(isShoalError(error, 'CHAIN_WRONG_NETWORK') || error instanceof RpcUnreachable).to.equal(true)
    expect(a.asked, 'nothing else is asked of it').to.deep.equal(['eth_chainId', 'eth_chainId'])
  })

  it('say that the only one serves another chain', async () => {
    const only = severalRpcs([{ name: 'a', transport: a }], { clock, log: noLog, chainId: 6n })
    const error = await only.send({ method: 'x', params: [] }).catch((e: unknown) => e)
    expect(isShoalError(error, 'CHAIN_WRONG_NETWORK')).to.equal(true)
  })

  it('pass over one that is behind', async () => {
    expect(await ask('eth_blockNumber')).to.equal('0x64')
    a.away = true
    b.head = 120
    expect(await ask('eth_blockNumber')).to.equal('0x78')
    a.away = false
    await clock.advance(1_001)
    expect(await ask('eth_blockNumber'), 'not the old head').to.equal('0x78')
  })
})
