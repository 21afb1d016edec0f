/** RPCs that limit queries for events, each in its own words. */
import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'
import type { NetworkParameters } from '../../../src/protocol/ports/settlement.ts'
import { interfaceOf } from '../../../src/settlement/contracts.ts'
import { reliableRpc, type Rpc } from '../../../src/settlement/rpc/reliable.ts'
import { quantity, RpcRefused, RpcUnreachable, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'
import { historyOf } from '../../../src/settlement/watch/history.ts'
import { LogPages } from '../../../src/settlement/watch/log-pages.ts'
import { markStore } from '../../../src/settlement/watch/marks.ts'
import { logLimit } from '../../../src/settlement/watch/probe.ts'
import { Watcher } from '../../../src/settlement/watch/watcher.ts'
import { hex32, memoryStore, random } from '../../integration/settlement/support.ts'
import { ManualClock } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'
import { FakeChain } from './fake-chain.ts'

const escrow = '0x00000000000000000000000000000000000000EE' as Address
const network = { escrow, fromBlock: 0 } as NetworkParameters

/** What public RPCs answer to a query that is too large: code and text, as they send them. */
const refusals: readonly (readonly [number, string])[] = [
  [-32005, 'query returned more than 10000 results'],
  [-32005, 'limit exceeded'],
  [-32602, 'range 1999 exceeds limit of 1000'],
  [-32602, 'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range'],
  [-32600, 'Block range too large: maximum allowed is 1000 blocks'],
  [-32614, 'eth_getLogs is limited to a 10,000 range'],
  [-32000, 'exceed maximum block range: 5000'],
  [-32000, 'query timeout exceeded'],
  [35, 'ranges over 10000 blocks are not supported on freetier']
]

describe('queries for events', () => {
  let chain: FakeChain
  let clock: ManualClock
  let asked: number[]
  /** The largest range that is answered, in blocks, and how a larger one is refused. */
  let limit: number
  let refuse: () => Error
  let warned: string[]
  let rpc: Rpc
  let pages: LogPages

  beforeEach(() => {
    chain = new FakeChain()
    clock = new ManualClock()
    ;[asked, warned, limit] = [[], [], Infinity]
    refuse = () => new RpcRefused(-32602, 'too many blocks', undefined)
    const transport: RpcTransport = {
      close: chain.close,
      send: async (r, s) => {
        if (r.method === 'eth_getLogs') {
          const { fromBlock, toBlock } = r.params[0] as { fromBlock: string; toBlock: string }
          const size = Number(toBlock) - Number(fromBlock) + 1
          asked.push(size)
          if (size > limit) throw refuse()
        }
        return await chain.send(r, s)
      }
    }
    const log: Logger = { ...noLog, warn: (_, message) => void warned.push(message) }
    rpc = reliableRpc({ transport, clock, random, log: noLog, patienceMs: 1_000 })
    pages = new LogPages({ rpc, clock, log, pageBlocks: 2_000 })
  })

  const grow = (blocks: number): void => {
    for (let i = 0; i < blocks; i++) chain.block()
  }
  const emit = (id = hex32()): string => {
    const { data, topics } = interfaceOf('Escrow').encodeEventLog('Disputed', [id, 1n])
    const at = { blockNumber: quantity(chain.blocks.length), logIndex: '0x0', transactionHash: hex32() }
    chain.block([{ data, topics, ...at }])
    return id
  }
  /** Watches until `wanted` events came; gives them in their order. */
  const watch = async (wanted: number): Promise<string[]> => {
    const seen: string[] = []
    const stop = new AbortController()
    const marks = markStore(memoryStore(), 'net')
    const parts = { rpc, clock, log: noLog, marks, escrow, fromBlock: 0, pollMs: 100, pages }
    const run = new Watcher(parts, async e => void seen.push(e.agreement), stop.signal).run(undefined)
    for (let i = 0; i < 2_000 && seen.length < wanted; i++) await clock.advance(250)
    stop.abort(new Error('end'))
    await run
    return seen
  }

  for (const [code, text] of refusals)
    it(`case 05: an RPC that refuses with ${code} '${text.slice(0, 40)}' is asked for less, and every event is read`, async () => {
      limit = 700
      refuse = () => new RpcRefused(code, text, undefined)
      const first = emit()
      grow(3_000)
      const second = emit()
      grow(1_000)
      expect(await watch(2)).to.deep.equal([first, second])
      expect(asked.filter(size => size > limit).length).to.be.at.most(8)
    })

  it('the page that works is remembered, and what lies close above it is not tried out', async () => {
    limit = 100
    grow(30_000)
    const last = emit()
    expect(await watch(1)).to.deep.equal([last])
    const refused = asked.filter(size => size > limit).length
    expect(refused).to.be.at.most(12)
    expect(asked.length).to.be.at.most(refused + 30_000 / 80)
  })

  it('pages grow again when larger ones pass', async () => {
    limit = 10
    grow(2_000)
    await watch(1)
    limit = Infinity
    grow(4_000)
    asked = []
    await clock.advance(600_000)
    const range = { from: 0, to: 5_000 }
    for (let i = 0; i < 60; i++) await pages.read({}, range)
    expect(asked.at(-1)).to.equal(2_000)
  })

  it('a block that holds too much for one query ends nothing: it is asked for again, less and less often', async () => {
    limit = 0
    grow(5)
    await watch(1)
    const before = asked.length
    await clock.advance(1)
    expect(pages.pauseMs).to.equal(30_000)
    expect(before).to.be.lessThan(40)
  })

  it('half a minute without events is said once, and who asks hears why', async () => {
    limit = 0
    grow(5)
    expect(pages.blindness).to.equal(undefined)
    await watch(1)
    expect(warned).to.deep.equal([
      'events of the chain cannot be read; awaited escrows are looked at themselves'
    ])
    expect(pages.blindness?.reason).to.equal('too many blocks')
    expect(pages.blindness?.ms).to.be.greaterThan(30_000)
    limit = Infinity
    await pages.read({}, { from: 0, to: 5 })
    expect(pages.blindness).to.equal(undefined)
  })

  it('a query that times out is made smaller, and nothing is learnt from it', async () => {
    limit = 1_000
    refuse = () => new RpcUnreachable('no answer')
    grow(3_000)
    const last = emit()
    expect(await watch(1)).to.deep.equal([last])
  })

  it('the events of one agreement are found in small pages too, from the newest on', async () => {
    limit = 50
    const id = hex32()
    const opened = interfaceOf('Escrow').encodeEventLog('Opened', [id, escrow, escrow, id, 1, 1, 1n, 1n])
    const at = { blockNumber: quantity(chain.blocks.length), logIndex: '0x0', transactionHash: hex32() }
    chain.block([{ ...opened, ...at }])
    grow(400)
    emit(id)
    grow(400)
    const search = historyOf({ rpc, clock, network, pages }, id)
    for (let i = 0; i < 100; i++) await clock.advance(250)
    expect((await search).map(e => e.kind)).to.deep.equal(['opened', 'disputed'])
  })

  it('a search for one agreement ends when events cannot be read', async () => {
    limit = 0
    grow(5)
    const search = historyOf({ rpc, clock, network, pages }, hex32() as never).catch((e: unknown) => e)
    for (let i = 0; i < 400; i++) await clock.advance(250)
    expect(isShoalError(await search, 'CHAIN_UNREACHABLE')).to.equal(true)
    const again = await historyOf({ rpc, clock, network, pages }, hex32() as never).catch((e: unknown) => e)
    expect(isShoalError(again, 'CHAIN_UNREACHABLE'), 'at once: a look must not wait').to.equal(true)
  })

  it('a limit can be found out', async () => {
    grow(3_000)
    expect(await logLimit(rpc, network)).to.deep.equal({ blocks: 2_000, reason: undefined })
    limit = 300
    expect(await logLimit(rpc, network)).to.deep.equal({ blocks: 100, reason: 'too many blocks' })
    limit = 0
    expect(await logLimit(rpc, network)).to.deep.equal({ blocks: 0, reason: 'too many blocks' })
  })
})
