import { expect } from 'chai'
import type { Address } from '../../../src/protocol/ids.ts'
import type { SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import { interfaceOf } from '../../../src/settlement/contracts.ts'
import { reliableRpc } from '../../../src/settlement/rpc/reliable.ts'
import { quantity } from '../../../src/settlement/rpc/rpc.ts'
import { LogPages } from '../../../src/settlement/watch/log-pages.ts'
import { markStore } from '../../../src/settlement/watch/marks.ts'
import { Watcher } from '../../../src/settlement/watch/watcher.ts'
import { clock, hex32, log, memoryStore, random, until } from '../../integration/settlement/support.ts'
import { FakeChain } from './fake-chain.ts'

const escrow = '0x00000000000000000000000000000000000000EE' as Address

describe('watching the escrow', () => {
  let chain: FakeChain
  let store: ReturnType<typeof memoryStore>
  let seen: SettlementEvent[]
  let ends: (() => Promise<void>)[]

  beforeEach(() => {
    chain = new FakeChain()
    store = memoryStore()
    seen = []
    ends = []
  })
  afterEach(async () => {
    for (const end of ends) await end()
  })

  /** A block with one Disputed event for each agreement. */
  const emit = (...agreements: string[]): void => {
    const number = chain.blocks.length
    const logs = agreements.map((id, index) => {
      const { data, topics } = interfaceOf('Escrow').encodeEventLog('Disputed', [id, 1n])
      return {
        data,
        topics,
        blockNumber: quantity(number),
        logIndex: quantity(index),
        transactionHash: hex32()
      }
    })
    chain.block(logs)
  }
  const watch = (
    options: {
      from?: SettlementEvent['cursor']
      pageBlocks?: number
      onEvent?: (e: SettlementEvent) => Promise<void>
    } = {}
  ) => {
    const stop = new AbortController()
    const rpc = reliableRpc({ transport: chain, clock, random, log, patienceMs: 50 })
    const parts = {
      ...{ rpc, clock, log },
      pages: new LogPages({ rpc, clock, log, pageBlocks: options.pageBlocks ?? 100 }),
      marks: markStore(store, 'net'),
      escrow,
      fromBlock: 0,
      pollMs: 3
    }
    const onEvent = options.onEvent ?? (async (e: SettlementEvent): Promise<void> => void seen.push(e))
    const run = new Watcher(parts, onEvent, stop.signal).run(options.from)
    const end = async (): Promise<void> => {
      stop.abort(new Error('end'))
      await run
    }
    ends.push(() => end().catch(() => undefined)) // a test that expects an error looks at `run` itself
    return { run, end }
  }
  const ids = (): string[] => seen.map(e => e.agreement)
  const some = (n: number): string[] => Array.from({ length: n }, hex32)

  it('pages through what is there and then follows, in order', async () => {
    const list = some(7)
    for (const id of list.slice(0, 5)) emit(id)
    watch({ pageBlocks: 2 })
    await until(() => seen.length === 5)
    emit(...list.slice(5))
    await until(() => seen.length === 7)
    expect(ids()).to.deep.equal(list)
  })

  it('goes on behind the durable cursor after a restart, telling nothing twice', async () => {
    const list = some(4)
    emit(list[0] ?? '', list[1] ?? '')
    const first = watch()
    await until(() => seen.length === 2)
    await first.end()
    emit(...list.slice(2))
    watch()
    await until(() => seen.length === 4)
    expect(ids()).to.deep.equal(list)
  })

  it('begins behind a given cursor, also in the middle of a block', async () => {
    const list = some(3)
    emit(...list)
    watch({ from: { block: 1, index: 0 } })
    await until(() => seen.length === 2)
    expect(ids()).to.deep.equal(list.slice(1))
  })

  it('tells an event again when its handling failed', async () => {
    emit(...some(1))
    const failing = watch({
      onEvent: async () => {
        throw new Error('handler')
      }
    })
    const failed: unknown = await failing.run.catch((e: unknown) => e)
    expect(String(failed)).to.include('handler')
    watch()
    await until(() => seen.length === 1)
  })

  it('tells the events of replaced blocks, and only those, after a reorganisation', async () => {
    const list = some(5)
    emit(list[0] ?? '')
    watch()
    await until(() => seen.length === 1)
    emit(list[1] ?? '')
    await until(() => seen.length === 2)
    chain.rewind(1)
    emit(list[2] ?? '')
    emit(list[3] ?? '')
    await until(() => seen.length === 4)
    expect(ids()).to.deep.equal(list.slice(0, 4))
  })

  it('notices a reorganisation that happened while it was away, and a chain that went back', async () => {
    const list = some(4)
    emit(list[0] ?? '')
    const first = watch()
    await until(() => seen.length === 1)
    emit(list[1] ?? '')
    await until(() => seen.length === 2)
    await first.end()
    chain.rewind(1)
    watch()
    await clock.sleep(20)
    emit(list[2] ?? '')
    await until(() => seen.length === 3)
    expect(ids()).to.deep.equal(list.slice(0, 3))
  })

  it('does not take a pruned old block for a reorganisation', async () => {
    const list = some(2)
    emit(list[0] ?? '')
    watch()
    await until(() => seen.length === 1)
    const { send } = chain
    const pruned = chain.blocks.length - 1
    chain.send = async (r, s) =>
      r.method === 'eth_getBlockByNumber' && Number(r.params[0]) === pruned ? null : await send(r, s)
    emit(list[1] ?? '')
    await until(() => seen.length === 2)
    expect(ids()).to.deep.equal(list)
  })

  /** A node that shows each block once before the block's logs. */
  const logsComeLate = (): void => {
    const { send } = chain
    let shown = 0
    chain.send = async (request, signal) => {
      const found = await send(request, signal)
      const newest = chain.blocks.length - 1
      if (request.method !== 'eth_getLogs' || shown >= newest || !Array.isArray(found)) return found
      shown = newest
      return found.filter((l: { blockNumber: string }) => Number(l.blockNumber) < newest)
    }
  }

  for (const pageBlocks of [1, 100])
    it(`misses nothing of a node that shows a block before its logs, in pages of ${pageBlocks}`, async () => {
      const list = some(4)
      logsComeLate()
      emit(list[0] ?? '')
      watch({ pageBlocks })
      await until(() => seen.length === 1) // no further block comes
      emit(list[1] ?? '')
      chain.block()
      emit(list[2] ?? '')
      await until(() => seen.length === 3)
      emit(list[3] ?? '')
      await until(() => seen.length === 4)
      expect(ids()).to.deep.equal(list)
    })

  it('asks no more for logs once the newest block was looked at twice', async () => {
    emit(...some(1))
    let asked = 0
    const { send } = chain
    chain.send = async (request, signal) => {
      if (request.method === 'eth_getLogs') asked++
      return await send(request, signal)
    }
    watch()
    await until(() => asked === 2)
    await clock.sleep(50)
    expect(asked).to.equal(2)
  })

  it('goes on when the RPC was away for longer than its patience', async () => {
    const list = some(2)
    emit(list[0] ?? '')
    watch()
    await until(() => seen.length === 1)
    chain.away = true
    await clock.sleep(200)
    emit(list[1] ?? '')
    chain.away = false
    await until(() => seen.length === 2)
  })
})
