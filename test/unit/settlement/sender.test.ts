import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { Address, HexBytes } from '../../../src/protocol/ids.ts'
import { encodeCall, interfaceOf } from '../../../src/settlement/contracts.ts'
import { createTransactionKey } from '../../../src/settlement/keys/operator.ts'
import { reliableRpc } from '../../../src/settlement/rpc/reliable.ts'
import { RpcRefused } from '../../../src/settlement/rpc/rpc.ts'
import type { SenderOptions } from '../../../src/settlement/tx/book.ts'
import { txJournal } from '../../../src/settlement/tx/journal.ts'
import { TxSender } from '../../../src/settlement/tx/sender.ts'
import { clock, log, memoryStore, random, until } from '../../integration/settlement/support.ts'
import { FakeChain } from './fake-chain.ts'

const to = '0x00000000000000000000000000000000000000AA' as Address
const call = (name: string) => ({
  key: name,
  contract: 'Escrow' as const,
  method: 'revoke',
  to,
  data: encodeCall('Escrow', 'revoke', ['0x' + Buffer.from(name).toString('hex').padStart(64, '0')])
})

describe('the transaction sender', () => {
  let chain: FakeChain
  let store: ReturnType<typeof memoryStore>
  let key: ReturnType<typeof createTransactionKey>
  const senders: TxSender[] = []

  const make = async (options: Partial<SenderOptions> = {}): Promise<TxSender> => {
    const rpc = reliableRpc({ transport: chain, clock, random, log, patienceMs: 5000 })
    const sender = new TxSender({
      rpc,
      key,
      chainId: 5n,
      journal: txJournal(store, 5n, key.address),
      clock,
      log,
      options: {
        ...{ actionMs: 5000, pollMs: 3, rebroadcastMs: 10, fateMs: 5, gapMs: 30, stuckMs: 60_000 },
        ...{ confirmations: 2, ...options }
      }
    })
    senders.push(sender)
    await sender.start()
    return sender
  }
  beforeEach(() => {
    chain = new FakeChain()
    store = memoryStore()
    key = createTransactionKey(new Uint8Array(randomBytes(32)))
  })
  let stopBlocks = (): void => undefined
  afterEach(async () => {
    stopBlocks()
    await Promise.all(senders.splice(0).map(async s => await s.stop()))
  })
  /** Empty blocks, as time brings them. */
  const blocksPass = (): void => void (stopBlocks = clock.every(5, () => chain.block()))

  it('writes a transaction down before it is sent', async () => {
    const sender = await make()
    const { send } = chain
    let written = -1
    chain.send = async (r, s) => {
      if (r.method === 'eth_sendRawTransaction') written = store.map.size
      return await send(r, s)
    }
    await sender.submit(call('a'))
    expect(written).to.equal(1)
  })

  it('gives consecutive nonces to actions that come at once, and each is mined once', async () => {
    const sender = await make()
    const hashes = await Promise.all(Array.from({ length: 40 }, (_, i) => sender.submit(call(`n${i}`))))
    expect(new Set(hashes).size).to.equal(40)
    expect(chain.nonce).to.equal(40)
  })

  it('joins an equal action that is under way', async () => {
    const sender = await make()
    chain.mining = false
    const both = [sender.submit(call('same')), sender.submit(call('same'))]
    await until(() => chain.pool.size > 0)
    chain.mine()
    const [a, b] = await Promise.all(both)
    expect(a).to.equal(b)
    expect(chain.nonce).to.equal(1)
  })

  it('sends again until mined when the node forgets it', async () => {
    const sender = await make()
    chain.mining = false
    const done = sender.submit(call('a'))
    await until(() => chain.pool.size === 1)
    chain.pool.clear()
    await until(() => chain.pool.size === 1)
    chain.mine()
    await done
    expect(new Set(chain.sent.map(t => t.hash)).size).to.equal(1)
  })

  it('replaces the first transaction with a higher fee when it is stuck, under the same nonce', async () => {
    const sender = await make({ stuckMs: 30 })
    blocksPass()
    chain.minimumFee = 250n // twice the base fee plus tip is 201
    const hash = await sender.submit(call('a'))
    const [first] = chain.sent
    const last = chain.sent.find(t => t.hash === hash)
    expect(last?.nonce).to.equal(first?.nonce)
    expect((last?.maxFeePerGas ?? 0n) >= 250n).to.equal(true)
    // nodes take a replacement only for a tenth more
    const fees = [...new Set(chain.sent.map(t => t.maxFeePerGas ?? 0n))]
    for (const [i, fee] of fees.slice(1).entries())
      expect(fee * 10n >= (fees[i] ?? 0n) * 11n, fees.join(' ')).to.equal(true)
  })

  it('a transaction that the chain lost and would not take at its old fee is signed anew at once', async () => {
    const sender = await make({ confirmations: 30 })
    await sender.submit(call('a'))
    const [first] = chain.sent
    // back to a block of a dearer time: twice its base fee is more than was offered
    chain.rewind(0)
    chain.baseFee = 1_000n
    chain.minimumFee = 1_000n
    await until(() => chain.nonce === 1)
    const last = chain.sent.at(-1)
    expect(last?.nonce).to.equal(first?.nonce)
    expect((last?.maxFeePerGas ?? 0n) >= 1_000n).to.equal(true)
  })

  it('an offer below the base fee, which rose meanwhile, is no refusal of the call: it is made again, higher', async () => {
    const sender = await make()
    await sender.submit(call('a'))
    chain.refusesCheap = true
    chain.baseFee = 1_000n // the fees that are remembered are those of before
    await sender.submit(call('b'))
    expect(chain.nonce).to.equal(2)
    expect((chain.sent.at(-1)?.maxFeePerGas ?? 0n) >= 1_000n).to.equal(true)
  })

  it('finishes what an earlier process wrote down, and tells it to the caller that repeats the action', async () => {
    const first = await make()
    chain.mining = false
    const lost = first.submit(call('a')).catch((e: unknown) => e)
    await until(() => chain.pool.size === 1)
    await first.stop()
    expect(isShoalError(await lost, 'CANCELLED')).to.equal(true)
    chain.pool.clear()
    chain.mining = true
    const second = await make()
    await until(() => chain.nonce === 1 && second.unfinished === 0)
    await second.submit(call('a'))
    expect(chain.nonce).to.equal(1)
  })

  it('does a step of an agreement once, although an RPC that lags behind does not show its effect', async () => {
    const sender = await make({ confirmations: 30 })
    const hash = await sender.submit(call('a'))
    expect(await sender.submit(call('a'))).to.equal(hash)
    expect(chain.nonce).to.equal(1)
  })

  it('sends a step of an agreement that reverted again once an RPC shows more, and after a second time seldom', async () => {
    const sender = await make({ confirmations: 30 })
    const reverts = async (): Promise<void> => {
      chain.mining = false
      const failed = sender.submit(call('a')).catch((e: unknown) => e)
      await until(() => chain.pool.size === 1)
      chain.mine(false)
      expect(isShoalError(await failed, 'CHAIN_REVERTED')).to.equal(true)
    }
    const refused = async (): Promise<void> => {
      const sent = chain.sent.length
      const failed = await sender.submit(call('a')).catch((e: unknown) => e)
      expect([isShoalError(failed, 'CHAIN_REVERTED'), chain.sent.length]).to.deep.equal([true, sent])
    }
    await reverts()
    await refused()
    chain.block()
    chain.block()
    await reverts()
    for (let i = 0; i < 29; i++) chain.block()
    await refused()
    chain.block()
    chain.mining = true
    await sender.submit(call('a'))
    expect(chain.mined.length).to.equal(3)
  })

  it('does again what has its effect more than once', async () => {
    const sender = await make()
    const claim = { ...call('a'), contract: 'Registry' as const, method: 'claim' }
    await sender.submit(claim)
    await sender.submit(claim)
    expect(chain.nonce).to.equal(2)
  })

  it('sends a mined transaction again when the chain goes back before it is deep', async () => {
    const sender = await make({ confirmations: 5 })
    await sender.submit(call('a'))
    const [hash] = [...chain.receipts.keys()]
    chain.rewind(0)
    await until(() => chain.receipts.has(String(hash)))
    expect(chain.nonce).to.equal(1)
  })

  it('sends a mined transaction again when its block was replaced and the chain is as high as before', async () => {
    const sender = await make({ confirmations: 50 })
    await sender.submit(call('a'))
    const [hash] = [...chain.receipts.keys()]
    for (let i = 0; i < 3; i++) chain.block()
    const height = chain.blocks.length
    chain.rewind(0)
    while (chain.blocks.length < height) chain.block()
    await until(() => chain.receipts.has(String(hash)))
    expect(chain.nonce).to.equal(1)
  })

  it('does not do twice what an RPC behind the others does not know of', async () => {
    const sender = await make({ rebroadcastMs: 1 })
    const { send } = chain
    let looks = 0
    chain.noBlockLogs = true
    // reads are of a time before the transaction, writes reach the newest state
    chain.send = async (r, s) => {
      if (r.method === 'eth_getTransactionReceipt') looks++
      if (r.method === 'eth_getTransactionReceipt' || r.method === 'eth_getTransactionByHash') return null
      return r.method === 'eth_getTransactionCount' ? '0x0' : await send(r, s)
    }
    const done = sender.submit(call('a'))
    await until(() => looks > 50)
    expect(chain.nonce, 'transactions that were mined').to.equal(1)
    chain.send = send
    await done
    expect(chain.nonce).to.equal(1)
  })

  it('takes no receipt of another transaction for its own', async () => {
    const sender = await make({ actionMs: 300 })
    chain.mining = false
    const { send } = chain
    chain.send = async (r, s) =>
      r.method === 'eth_getTransactionReceipt'
        ? { transactionHash: '0x' + '11'.repeat(32), blockNumber: '0x1', status: '0x1' }
        : await send(r, s)
    const error = await sender.submit(call('a')).catch((e: unknown) => e)
    expect(isShoalError(error, 'SETTLE_TIMEOUT')).to.equal(true)
  })

  it('tells of a mined transaction although its journal failed once', async () => {
    const sender = await make()
    const { batch } = store
    let writes = 0
    Object.assign(store, {
      batch: async (ops: Parameters<typeof batch>[0]) => {
        if (++writes === 2) throw new Error('the disk is full')
        await batch(ops)
      }
    })
    await sender.submit(call('a'))
    expect(writes).to.be.greaterThan(2)
  })

  it('sends nothing that it could not write down', async () => {
    const sender = await make()
    const { batch } = store
    Object.assign(store, { batch: async () => Promise.reject(new Error('the disk is full')) })
    const error = await sender.submit(call('a')).catch((e: unknown) => e)
    expect(String(error)).to.match(/disk is full/)
    Object.assign(store, { batch })
    await sender.submit(call('b'))
    expect(chain.sent.map(t => t.nonce)).to.deep.equal([0])
  })

  it('keeps a mined transaction that a reorganisation spared: the next one may take it back', async () => {
    const sender = await make({ confirmations: 50 })
    await sender.submit(call('a'))
    await sender.submit(call('b'))
    chain.rewind(1)
    chain.block()
    await until(() => chain.receipts.size === 2)
    expect(store.map.size).to.equal(2)
    chain.rewind(0)
    await until(() => chain.receipts.size === 2)
    expect(chain.nonce).to.equal(2)
  })

  it('never signs a fee above the cap of its owner, not even to replace a stuck transaction', async () => {
    const sender = await make({ maxFeePerGas: 150n, stuckMs: 5, actionMs: 400 })
    chain.minimumFee = 1_000n
    blocksPass()
    const stuck = await sender.submit(call('a')).catch((e: unknown) => e)
    if (!isShoalError(stuck, 'SETTLE_TIMEOUT')) throw stuck
    expect(stuck.data.waits).to.equal('fee-cap')
    expect(stuck.message).to.include('chain.maxFee')
    for (const tx of chain.sent) expect(tx.maxFeePerGas).to.equal(150n)
    // it waits for cheaper blocks instead
    chain.minimumFee = 0n
    chain.mine()
    await until(() => sender.unfinished === 0)
    expect(chain.nonce).to.equal(1)
  })

  it('forgets a transaction when its block is deep', async () => {
    const sender = await make()
    await sender.submit(call('a'))
    expect(store.map.size).to.equal(1)
    chain.block()
    chain.block()
    await until(() => store.map.size === 0)
  })

  it('takes a fresh nonce when somebody else used its own for good', async () => {
    const sender = await make()
    chain.mining = false
    const done = sender.submit(call('a'))
    await until(() => chain.pool.size === 1)
    chain.pool.clear()
    chain.foreign(key.address)
    chain.mining = true
    blocksPass()
    await done
    expect(chain.mined.map(t => t.nonce)).to.deep.equal([0, 1])
  })

  it('fills a hole before its transactions with empty ones, and gives them no other nonces', async () => {
    const sender = await make()
    chain.nonce = 7
    chain.mining = false
    const done = Promise.all([sender.submit(call('a')), sender.submit(call('b'))])
    await until(() => chain.pool.size === 2)
    chain.nonce = 4 // what others had under way was dropped
    chain.mining = true
    await done
    expect(chain.mined.map(t => [t.nonce, t.input === '0x'])).to.deep.equal([
      ...[4, 5, 6].map(n => [n, true]),
      [7, false],
      [8, false]
    ])
  })

  it('waits over a lost RPC and goes on when it is back', async () => {
    const sender = await make()
    chain.away = true
    const done = sender.submit(call('a'))
    await clock.sleep(50)
    chain.away = false
    await done
    expect(chain.nonce).to.equal(1)
  })

  it('names the custom error of a refused call and spends no nonce', async () => {
    const sender = await make()
    const data = interfaceOf('Escrow').encodeErrorResult('TooLate', [
      '0x' + '11'.repeat(32),
      12n,
      10n
    ]) as HexBytes
    chain.estimate = new RpcRefused(3, 'execution reverted', data)
    const failed: unknown = await sender.submit(call('a')).catch((e: unknown) => e)
    if (!isShoalError(failed, 'CHAIN_REVERTED')) throw failed
    expect(failed.data).to.include({
      contract: 'Escrow',
      function: 'revoke',
      error: 'TooLate',
      actual: '12',
      last: '10'
    })
    expect(store.map.size + chain.sent.length).to.equal(0)
  })

  it('reports a transaction that reverts when mined, and the next one goes through', async () => {
    const sender = await make()
    chain.mining = false
    const failed = sender.submit(call('a')).catch((e: unknown) => e)
    await until(() => chain.pool.size === 1)
    chain.mine(false)
    expect(isShoalError(await failed, 'CHAIN_REVERTED')).to.equal(true)
    chain.mining = true
    await sender.submit(call('b'))
    expect(chain.nonce).to.equal(2)
  })

  it('ends with SETTLE_TIMEOUT when it is never mined, and stays in the journal', async () => {
    const sender = await make({ actionMs: 60 })
    chain.mining = false
    const failed: unknown = await sender.submit(call('a')).catch((e: unknown) => e)
    expect(isShoalError(failed, 'SETTLE_TIMEOUT')).to.equal(true)
    expect(store.map.size).to.equal(1)
  })

  it('refuses a damaged journal instead of guessing', async () => {
    await store.batch([
      { put: `tx/5/${key.address.toLowerCase()}/0000000000000000`, value: new Uint8Array([123, 1]) }
    ])
    const failed: unknown = await make().catch((e: unknown) => e)
    expect(isShoalError(failed, 'JOURNAL_CORRUPT')).to.equal(true)
  })
})
