/** What an RPC's answer means: a result, a refusal, a wish for fewer requests, or nothing. */
import { expect } from 'chai'
import { readAnswer } from '../../../src/settlement/rpc/answer.ts'
import { reliableRpc } from '../../../src/settlement/rpc/reliable.ts'
import { RpcBusy, RpcRefused, RpcUnreachable, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'
import { severalRpcs } from '../../../src/settlement/rpc/several.ts'
import { random } from '../../integration/settlement/support.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'

const read = (answer: object, method = 'eth_call'): unknown =>
  readAnswer(JSON.stringify({ jsonrpc: '2.0', id: 7, ...answer }), { id: 7, method })
const thrown = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (e) {
    return e
  }
}
const refusal = (code: number, message: string, method?: string): unknown =>
  thrown(() => read({ error: { code, message } }, method))

describe('answers of an RPC', () => {
  it('a result is one only under the number of the question', () => {
    expect(read({ result: '0x1' })).to.equal('0x1')
    expect(read({ result: null })).to.equal(null)
    expect(thrown(() => read({ id: 8, result: '0x1' }))).to.be.instanceOf(RpcUnreachable)
    expect(thrown(() => read({ id: null, result: '0x1' }))).to.be.instanceOf(RpcUnreachable)
    expect(thrown(() => read({ id: '7', result: '0x1' }))).to.be.instanceOf(RpcUnreachable)
  })

  it('an error may come without a number', () => {
    expect(thrown(() => read({ id: null, error: { code: -32600, message: 'no request' } }))).to.be.instanceOf(
      RpcRefused
    )
    expect(thrown(() => read({ id: 8, error: { code: 3, message: 'another question' } }))).to.be.instanceOf(
      RpcUnreachable
    )
  })

  for (const [code, message] of [
    [-32005, 'daily request count exceeded, request rate limited'],
    [-32005, 'limit exceeded'],
    [429, 'exceeded its compute units per second capacity'],
    [-32097, 'rate limit reached'],
    [-32000, 'Too Many Requests'],
    [-32603, 'you have exceeded 25 requests per second']
  ] as const)
    it(`${code} '${message}' asks for a pause`, () => {
      expect(refusal(code, message)).to.be.instanceOf(RpcBusy)
    })

  it('a limit on events is one of their size, unless a rate is named', () => {
    for (const [code, message] of [
      [-32005, 'query returned more than 10000 results'],
      [-32005, 'limit exceeded']
    ] as const) {
      expect(refusal(code, message, 'eth_getLogs')).to.be.instanceOf(RpcRefused)
    }
    expect(refusal(-32005, 'request rate limited', 'eth_getLogs')).to.be.instanceOf(RpcBusy)
  })

  it('a revert is a refusal, whatever its text', () => {
    const e = thrown(() => read({ error: { code: 3, message: 'execution reverted', data: '0x1234' } }))
    expect(e).to.be.instanceOf(RpcRefused)
    expect((e as RpcRefused).data).to.equal('0x1234')
    expect(refusal(-32000, 'execution reverted: too many requests')).to.be.instanceOf(RpcRefused)
  })
})

describe('an RPC that asks for a pause', () => {
  const busyFor = (waits: number[], asked: number[], clock: ManualClock): RpcTransport => ({
    close: async () => undefined,
    send: async ({ method }) => {
      if (method === 'eth_chainId') return '0x5'
      asked.push(clock.monotonic())
      const wait = waits.shift()
      if (wait !== undefined) throw new RpcBusy('HTTP 429', wait)
      return '0x1'
    }
  })

  it('gets it, also from calls that come meanwhile, and never a longer one than half a minute', async () => {
    const clock = new ManualClock()
    const asked: number[] = []
    const transport = severalRpcs([{ name: 'a', transport: busyFor([7_000, 90_000], asked, clock) }], {
      ...{ clock, log: noLog },
      chainId: 5n
    })
    const rpc = reliableRpc({ transport, clock, random, log: noLog, patienceMs: 60_000 })
    const begun = clock.monotonic()
    const calls = Promise.all([rpc.call('x', []), clock.sleep(1_000).then(() => rpc.call('y', []))])
    await settle()
    await clock.advance(60_000)
    await calls
    const times = asked.map(t => Math.round((t - begun) / 1000))
    expect(times[0]).to.equal(0)
    expect(times[1]).to.be.within(7, 9)
    expect(times[2]).to.be.within(37, 40)
  })

  it('leaves its work to another one meanwhile', async () => {
    const clock = new ManualClock()
    const asked: number[] = []
    const other = busyFor([], [], clock)
    const transport = severalRpcs(
      [
        { name: 'a', transport: busyFor([5_000], asked, clock) },
        { name: 'b', transport: other }
      ],
      { clock, log: noLog, chainId: 5n }
    )
    for (let i = 0; i < 4; i++) {
      expect(await transport.send({ method: 'x', params: [] })).to.equal('0x1')
      await clock.advance(1_000)
    }
    expect(asked.length).to.equal(1)
    await clock.advance(1_500)
    await transport.send({ method: 'x', params: [] })
    expect(asked.length).to.equal(2)
  })
})
