/** A call is never signed under a second nonce before the fate of every earlier form is known. */
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import { encodeCall } from '../../../src/settlement/contracts.ts'
import { createTransactionKey } from '../../../src/settlement/keys/operator.ts'
import { reliableRpc } from '../../../src/settlement/rpc/reliable.ts'
import { RpcRefused, RpcUnreachable, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'
import { severalRpcs } from '../../../src/settlement/rpc/several.ts'
import type { SenderOptions, SenderParts } from '../../../src/settlement/tx/book.ts'
import { txJournal } from '../../../src/settlement/tx/journal.ts'
import { TxSender } from '../../../src/settlement/tx/sender.ts'
import { clock, log, memoryStore, random, until } from '../../integration/settlement/support.ts'
import { FakeChain } from './fake-chain.ts'

const to = '0x00000000000000000000000000000000000000AA' as Address
/** Takes `amount` out of the vault: nothing on the chain tells one from another. */
const withdrawal = (amount = 5n) => ({
  key: `Vault.withdraw/${amount}`,
  contract: 'Vault' as const,
  method: 'withdraw',
  to,
  data: encodeCall('Vault', 'withdraw', [amount, to]),
  once: true
})

describe('the fate of a payment', () => {
  let chain: FakeChain
  let store: ReturnType<typeof memoryStore>
  let key: ReturnType<typeof createTransactionKey>
  const senders: TxSender[] = []
  let stopBlocks = (): void => undefined

  const make = async (
    options: Partial<SenderOptions> = {},
    parts: Partial<SenderParts> & { transport?: RpcTransport } = {}
  ): Promise<TxSender> => {
    const transport = parts.transport ?? chain
    const rpc = reliableRpc({ transport, clock, random, log, patienceMs: 5000 })
    const sender = new TxSender({
      rpc,
      key,
      chainId: 5n,
      journal: txJournal(store, 5n, key.address),
      clock,
      log,
      ...parts,
      options: {
        ...{ actionMs: 5000, pollMs: 3, rebroadcastMs: 5, fateMs: 5, gapMs: 30, voidMs: 30 },
        ...{ stuckMs: 60_000, confirmations: 4, ...options }
      }
    })
    senders.push(sender)
    await sender.start()
    return sender
  }
  /** Waits until receipts were asked for `n` more times. */
  const looks = async (n: number): Promise<void> => {
    let asked = 0
    const { send } = chain
    chain.send = async (r, s) => {
      if (r.method === 'eth_getTransactionReceipt') asked++
      return await send(r, s)
    }
    await until(() => asked > n)
    chain.send = send
  }
  const blocksPass = (): void => void (stopBlocks = clock.every(5, () => chain.block()))
  /** A node that says nothing of single transactions. */
  const blind = (on: boolean): void => {
    chain.noReceipts = chain.noTransactions = chain.noBlockLogs = on
  }
  const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((e: unknown) => e)
  const late = (e: unknown): boolean => isShoalError(e, 'SETTLE_TIMEOUT')
  const payments = (): number => chain.mined.filter(t => t.input !== '0x').length

  beforeEach(() => {
    chain = new FakeChain()
    store = memoryStore()
    key = createTransactionKey(new Uint8Array(randomBytes(32)))
  })
  afterEach(async () => {
    stopBlocks()
    await Promise.all(senders.splice(0).map(async s => await s.stop()))
  })

  describe('receipts that come late, or never', () => {
    it('case 03: late receipts make one payment out of one, at one price', async () => {
      const sender = await make()
      blind(true)
      const done = sender.submit(withdrawal())
      await until(() => chain.mined.length > 0)
      await looks(80)
      expect(chain.mined.length, 'transactions in blocks').to.equal(1)
      blind(false)
      await done
      expect(chain.mined.length).to.equal(1)
      expect(new Set(chain.sent.map(t => t.maxFeePerGas)).size, 'different fees').to.equal(1)
    })

    it('a receipt that never comes is not waited for when the logs of its block tell of the success', async () => {
      const sender = await make()
      chain.noReceipts = true
      await sender.submit(withdrawal())
      expect(sender.unfinished).to.equal(0)
    })

    it('the receipts of the whole block tell of a revert', async () => {
      const sender = await make()
      chain.noReceipts = chain.blockReceipts = true
      chain.mining = false
      const failed = failure(sender.submit(withdrawal()))
      await until(() => chain.pool.size === 1)
      chain.mine(false)
      expect(isShoalError(await failed, 'CHAIN_REVERTED')).to.equal(true)
    })

    it('without any of them the action ends with an error that says that it goes on, and people see why', async () => {
      const sender = await make({ actionMs: 150 })
      blind(true)
      const failed = await failure(sender.submit(withdrawal()))
      if (!late(failed) || !isShoalError(failed)) throw failed
      expect(failed.message).to.match(/no RPC tells whether it succeeded\. It goes on by itself/)
      expect(failed.next).to.match(/Nothing is sent twice/)
      const [waiting, ...others] = sender.underWay()
      expect(others).to.deep.equal([])
      expect(waiting).to.include({ what: 'withdraw', amount: 5n, nonce: 0, waits: 'outcome' })
      blind(false)
      await until(() => sender.unfinished === 0)
      expect(payments()).to.equal(1)
    })
  })

  describe('the caller comes again', () => {
    it('joins the one under way, and hears of it when it is mined', async () => {
      const sender = await make({ actionMs: 100 })
      chain.mining = false
      expect(late(await failure(sender.submit(withdrawal())))).to.equal(true)
      const again = sender.submit(withdrawal())
      await until(() => chain.pool.size === 1)
      chain.mine()
      const hash = await again
      expect([...chain.receipts.keys()]).to.deep.equal([hash])
    })

    it('hears of one that was mined after it gave up, and only then makes a second', async () => {
      const sender = await make({ actionMs: 60 })
      chain.mining = false
      expect(late(await failure(sender.submit(withdrawal())))).to.equal(true)
      chain.mining = true
      chain.mine()
      await until(() => sender.unfinished === 0)
      let joined = 0
      const first = await sender.submit(withdrawal(), { joined: () => joined++ })
      expect([payments(), joined]).to.deep.equal([1, 1])
      expect(await sender.submit(withdrawal(), { joined: () => joined++ })).not.to.equal(first)
      expect([payments(), joined]).to.deep.equal([2, 1])
    })

    it('hears of it after a restart too, also when its block is deep', async () => {
      const first = await make({ actionMs: 60 })
      chain.mining = false
      expect(late(await failure(first.submit(withdrawal())))).to.equal(true)
      await first.stop()
      chain.mining = true
      chain.mine()
      blocksPass()
      const second = await make()
      await until(() => second.unfinished === 0)
      await until(() => chain.blocks.length > 20)
      await clock.sleep(1_200)
      await second.stop()
      const third = await make()
      const hash = await third.submit(withdrawal())
      expect([hash, payments()]).to.deep.equal([chain.mined[0]?.hash, 1])
      await third.submit(withdrawal())
      expect(payments()).to.equal(2)
    })

    it('a repeat of a payment whose end was heard is a new one, after a restart too', async () => {
      const first = await make()
      await first.submit(withdrawal())
      await first.stop() // at once, as a command does
      const second = await make()
      await second.submit(withdrawal())
      expect(payments()).to.equal(2)
    })

    it('makes a second one at once when told to, and a plain repeat joins either', async () => {
      const sender = await make({ actionMs: 80 })
      chain.mining = false
      const [a, b] = await Promise.all([
        failure(sender.submit(withdrawal())),
        failure(sender.submit(withdrawal(), { again: true }))
      ])
      expect(late(a) && late(b)).to.equal(true)
      expect(sender.underWay().map(u => u.amount)).to.deep.equal([5n, 5n])
      chain.mining = true
      chain.mine()
      await until(() => payments() === 2)
      await sender.submit(withdrawal())
      await sender.submit(withdrawal())
      expect(payments()).to.equal(2)
    })

    it('waits with a payment that reverted until that is final', async () => {
      const sender = await make()
      chain.mining = false
      const failed = failure(sender.submit(withdrawal()))
      await until(() => chain.pool.size === 1)
      chain.mine(false)
      expect(isShoalError(await failed, 'CHAIN_REVERTED')).to.equal(true)
      chain.mining = true
      const again = sender.submit(withdrawal())
      await clock.sleep(100)
      expect(chain.mined.length, 'not yet').to.equal(1)
      blocksPass()
      await again
      expect(chain.mined.length).to.equal(2)
    })

    it('hears of a payment that reverted and succeeds after a reorganisation', async () => {
      const sender = await make({ confirmations: 30 })
      chain.mining = false
      const failed = failure(sender.submit(withdrawal()))
      await until(() => chain.pool.size === 1)
      chain.mine(false)
      expect(isShoalError(await failed, 'CHAIN_REVERTED')).to.equal(true)
      const again = sender.submit(withdrawal())
      chain.rewind(0)
      chain.mining = true
      await again
      expect(chain.mined.length).to.equal(1)
    })
  })

  describe('another program uses the key', () => {
    for (const pruned of [false, true])
      it(`its transaction is found, and believed when it is deep; old states ${pruned ? 'gone' : 'kept'}`, async () => {
        const sender = await make()
        chain.pruned = pruned
        chain.mining = false
        const done = sender.submit(withdrawal())
        await until(() => chain.pool.size === 1)
        chain.pool.clear()
        chain.foreign(key.address)
        await until(() => sender.underWay()[0]?.waits === 'nonce-taken')
        await looks(30)
        expect(new Set(chain.sent.map(t => t.nonce))).to.deep.equal(new Set([0]))
        chain.mining = true
        blocksPass()
        await done
        expect(chain.mined.map(t => t.nonce)).to.deep.equal([0, 1])
        expect(payments()).to.equal(1)
        const prices = new Set(chain.sent.map(t => t.maxFeePerGas))
        expect(prices.size, 'a nonce is no matter of price').to.equal(1)
      })

    it('its transaction is taken back: the first form is mined, and there is no second', async () => {
      const sender = await make()
      chain.mining = false
      const done = sender.submit(withdrawal())
      await until(() => chain.pool.size === 1)
      chain.pool.clear()
      chain.foreign(key.address)
      await until(() => sender.underWay()[0]?.waits === 'nonce-taken')
      chain.rewind(0)
      chain.mining = true
      await done
      blocksPass()
      await clock.sleep(100)
      expect(chain.mined.map(t => t.nonce)).to.deep.equal([0])
    })

    it('the same call under the same nonce is a form of ours: a copy of this home sent it', async () => {
      const sender = await make()
      chain.mining = false
      const done = sender.submit(withdrawal())
      await until(() => chain.pool.size === 1)
      const [mine] = chain.pool.values()
      chain.pool.clear()
      const { to: receiver, data: input } = mine ?? { to: '', data: '' }
      const copy = { hash: `0x${'77'.repeat(32)}`, nonce: 0, from: key.address, to: receiver, input }
      chain.block([], [copy])
      chain.receipts.set(copy.hash, { block: 1, ok: true, nonce: 0 })
      chain.nonce = 1
      chain.mining = true
      blocksPass()
      expect(await done).to.equal(copy.hash)
      expect(chain.mined.length).to.equal(1)
    })

    it('an earlier form that a deep reorganisation revives makes the newer one void', async () => {
      const sender = await make({ actionMs: 20_000 })
      chain.mining = false
      const done = sender.submit(withdrawal())
      await until(() => chain.pool.size === 1)
      const [old] = [...chain.pool.values()]
      chain.pool.clear()
      chain.foreign(key.address)
      for (let i = 0; i < 6; i++) chain.block()
      await until(() => sender.underWay()[0]?.nonce === 1)
      chain.rewind(0)
      if (old !== undefined) chain.pool.set(String(old.hash), old)
      for (const [hash, tx] of chain.pool) if (tx.nonce === 1) chain.pool.delete(hash)
      chain.mine()
      await until(() => chain.sent.some(t => t.nonce === 1 && t.data === '0x'))
      const hash = await done
      for (const [h, tx] of chain.pool) if (tx.data !== '0x') chain.pool.delete(h)
      chain.mining = true
      chain.mine()
      expect(hash).to.equal(old?.hash)
      await until(() => sender.unfinished === 0)
      expect(payments()).to.equal(1)
    }).timeout(30_000)
  })

  describe('nodes that differ', () => {
    it('one that is ahead and one that is behind, in turn: one payment', async () => {
      const sender = await make()
      const { send } = chain
      chain.send = async (r, s) => {
        const behind = random.fraction() < 0.5
        if (behind && r.method === 'eth_getTransactionCount') return '0x0'
        if (behind && /Receipt|ByHash/.test(r.method)) return null
        if (behind && r.method === 'eth_blockNumber') return '0x0'
        return await send(r, s)
      }
      for (let i = 0; i < 5; i++) await sender.submit(withdrawal(BigInt(i + 1)))
      await clock.sleep(200)
      expect(payments()).to.equal(5)
      expect(chain.mined.length).to.be.at.most(10)
    })

    it('a count that lags makes no hole of what is ours and in a block already', async () => {
      const sender = await make({ confirmations: 30 })
      await sender.submit(withdrawal(1n))
      const { send } = chain
      chain.send = async (r, s) =>
        r.method === 'eth_getTransactionCount' && typeof r.params[1] === 'string' ? '0x0' : await send(r, s)
      chain.mining = false
      const done = sender.submit(withdrawal(2n))
      await until(() => chain.pool.size === 1)
      await clock.sleep(200)
      expect(chain.sent.filter(t => t.data === '0x')).to.deep.equal([])
      chain.mine()
      await done
      expect(payments()).to.equal(2)
    })

    it('the first takes it and breaks off, the next says that the nonce is used: one payment', async () => {
      let broken = false
      const first: RpcTransport = {
        close: chain.close,
        send: async (r, s) => {
          if (broken) throw new RpcUnreachable('away')
          const answer = await chain.send(r, s)
          if (r.method !== 'eth_sendRawTransaction') return answer
          broken = true
          throw new RpcUnreachable('the connection broke')
        }
      }
      const { send } = chain
      chain.send = async (r, s) => (r.method === 'eth_chainId' ? '0x5' : await send(r, s))
      const endpoints = [first, chain].map((transport, i) => ({ name: `${i}`, transport }))
      const transport = severalRpcs(endpoints, { clock, log, chainId: 5n })
      const sender = await make({}, { transport })
      await sender.submit(withdrawal())
      await clock.sleep(100)
      expect(payments()).to.equal(1)
    })

    it('the first breaks off, the next refuses it for what it is: it is not given up, the first may have it', async () => {
      const { send } = chain
      const first: RpcTransport = {
        close: chain.close,
        send: async (r, s) => {
          const answer = r.method === 'eth_chainId' ? '0x5' : await send(r, s)
          if (r.method === 'eth_sendRawTransaction') throw new RpcUnreachable('the connection broke')
          return answer
        }
      }
      const second: RpcTransport = {
        close: chain.close,
        send: async (r, s) => {
          if (r.method === 'eth_sendRawTransaction') throw new RpcRefused(-32000, 'not from you', undefined)
          return r.method === 'eth_chainId' ? '0x5' : await send(r, s)
        }
      }
      chain.mining = false
      const endpoints = [first, second].map((transport, i) => ({ name: `${i}`, transport }))
      const sender = await make({}, { transport: severalRpcs(endpoints, { clock, log, chainId: 5n }) })
      const done = sender.submit(withdrawal())
      await until(() => chain.pool.size === 1)
      await clock.sleep(100)
      chain.mining = true
      chain.mine()
      await done
      expect(payments()).to.equal(1)
    })

    it('a wrong word that its nonce is used is looked into, and the same form is sent again', async () => {
      const sender = await make()
      const { send } = chain
      let wrong = 3
      chain.send = async (r, s) => {
        if (r.method === 'eth_sendRawTransaction' && wrong-- > 0)
          throw new RpcRefused(-32000, 'nonce too low', undefined)
        return await send(r, s)
      }
      await sender.submit(withdrawal())
      expect(chain.mined.map(t => t.nonce)).to.deep.equal([0])
    })
  })

  describe('what no node takes', () => {
    it('is refused at once when the only node refuses it, and is nowhere', async () => {
      const sender = await make()
      const { send } = chain
      chain.send = async (r, s) => {
        if (r.method === 'eth_sendRawTransaction')
          throw new RpcRefused(-32000, 'insufficient funds for gas', undefined)
        return await send(r, s)
      }
      expect(isShoalError(await failure(sender.submit(withdrawal())), 'FUNDS_LOW')).to.equal(true)
      expect([sender.unfinished, store.map.size]).to.deep.equal([0, 0])
    })

    it('after a first sending that nobody heard of, its nonce is used up by an empty one; then it has failed', async () => {
      const sender = await make()
      const { send } = chain
      let first = true
      chain.send = async (r, s) => {
        if (r.method !== 'eth_sendRawTransaction') return await send(r, s)
        if (first) {
          first = false
          throw new RpcUnreachable('the connection broke')
        }
        if (String(r.params[0]).length > 400) throw new RpcRefused(-32000, 'against our policy', undefined)
        return await send(r, s)
      }
      const long = { ...withdrawal(), data: encodeCall('Vault', 'depositWithPermit', [5n, 9n, 1, hex, hex]) }
      const failed = await failure(sender.submit(long))
      if (!isShoalError(failed, 'CHAIN_REVERTED')) throw failed
      expect(failed.message).to.include('against our policy')
      expect(chain.mined.map(t => [t.nonce, t.input])).to.deep.equal([[0, '0x']])
      await sender.submit(withdrawal())
      expect(payments()).to.equal(1)
    })
    const hex = `0x${'11'.repeat(32)}`

    it('waits for gas money once it is on its way, and says so', async () => {
      const sender = await make({ voidMs: 1 })
      const { send } = chain
      let poor = 0
      chain.send = async (r, s) => {
        if (r.method !== 'eth_sendRawTransaction') return await send(r, s)
        if (poor++ === 0) throw new RpcUnreachable('the connection broke')
        if (poor < 15) throw new RpcRefused(-32000, 'insufficient funds for gas * price + value', undefined)
        return await send(r, s)
      }
      const done = sender.submit(withdrawal())
      await until(() => sender.underWay()[0]?.waits === 'refused')
      expect(sender.underWay()[0]?.reason).to.include('insufficient funds')
      await done
      expect([payments(), chain.mined.length]).to.deep.equal([1, 1])
    })
  })

  describe('the price', () => {
    it('does not rise while no node knows the transaction, however long it waits', async () => {
      const sender = await make({ stuckMs: 20 })
      chain.mining = false
      blocksPass()
      const done = sender.submit(withdrawal())
      const { send } = chain
      chain.send = async (r, s) => {
        const answer = await send(r, s)
        if (r.method === 'eth_sendRawTransaction') chain.pool.clear() // dropped at once
        return answer
      }
      await until(() => chain.sent.length > 15)
      expect(new Set(chain.sent.map(t => t.hash)).size, 'forms').to.equal(1)
      chain.send = send
      chain.mining = true
      await done
    })

    it('rises under the same nonce when a node says that it is too low', async () => {
      const sender = await make()
      const { send } = chain
      chain.send = async (r, s) => {
        if (r.method === 'eth_sendRawTransaction') {
          const cheap = chain.sent.length < 2
          const answer = await send(r, s).catch((e: unknown) => e)
          if (cheap) {
            chain.rewind(0)
            throw new RpcRefused(-32000, 'transaction underpriced', undefined)
          }
          return answer
        }
        return await send(r, s)
      }
      await sender.submit(withdrawal())
      expect(new Set(chain.sent.map(t => t.nonce))).to.deep.equal(new Set([0]))
      expect(payments()).to.equal(1)
    })

    it('has a cap of its own: twenty times what gas usually costs', async () => {
      const sender = await make({ stuckMs: 5, actionMs: 600 })
      const gwei = 1_000_000_000n
      chain.baseFee = gwei
      chain.minimumFee = 1_000n * gwei
      blocksPass()
      expect(late(await failure(sender.submit(withdrawal())))).to.equal(true)
      const highest = chain.sent.reduce(
        (m, t) => ((t.maxFeePerGas ?? 0n) > m ? (t.maxFeePerGas ?? 0n) : m),
        0n
      )
      expect(highest <= 20n * (gwei + 1n)).to.equal(true)
      expect(highest >= 15n * gwei).to.equal(true)
      expect(sender.underWay()[0]?.waits).to.equal('fee-cap')
    })
  })

  describe('the journal', () => {
    it('of an older version is taken up', async () => {
      const first = await make({ actionMs: 30 })
      chain.mining = false
      await failure(first.submit(withdrawal()))
      await first.stop()
      const [[name, bytes] = ['', new Uint8Array()]] = store.map
      const entry = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
      for (const field of ['once', 'at', 'since']) delete entry[field]
      store.map.set(name, new TextEncoder().encode(JSON.stringify(entry)))
      chain.mining = true
      chain.mine()
      const second = await make()
      await second.submit(withdrawal())
      expect(payments()).to.equal(1)
    })

    it('leaves transactions of another deployment alone', async () => {
      const first = await make({ actionMs: 30 })
      chain.mining = false
      await failure(first.submit(withdrawal()))
      await first.stop()
      chain.pool.clear()
      chain.mining = true
      const second = await make({}, { contracts: [`0x${'22'.repeat(20)}`] })
      expect(second.unfinished).to.equal(0)
      await clock.sleep(50)
      expect(chain.mined).to.deep.equal([])
    })
  })

  /** Everything that the sender asks of others is a place where its process may end; the next one takes up what is on the disk. */
  describe('the process ends between any two lines', () => {
    /** A sender whose call `last` to the disk or the node is the last that it makes, or the last that it hears of. */
    const mortal = async (last: number, heard: boolean) => {
      let calls = 0
      const alive = async <T>(work: () => Promise<T>): Promise<T> => {
        if (++calls === last && !heard) await work().catch(() => undefined)
        if (calls >= last + (heard ? 1 : 0)) return await new Promise<never>(() => undefined)
        return await work()
      }
      const transport: RpcTransport = { close: chain.close, send: (r, s) => alive(() => chain.send(r, s)) }
      const real = txJournal(store, 5n, key.address)
      type Change = Parameters<typeof real.write>[0]
      const journal = { ...real, write: (c: Change) => alive(() => real.write(c)) }
      const sender = new TxSender({
        rpc: reliableRpc({ transport, clock, random, log, patienceMs: 5000 }),
        ...{ key, chainId: 5n, journal, clock, log },
        options: {
          ...{ actionMs: 40, pollMs: 1, rebroadcastMs: 2, fateMs: 2, gapMs: 30, voidMs: 30 },
          ...{ stuckMs: 60_000, confirmations: 4 }
        }
      })
      await sender.start()
      return { sender, whole: () => calls < last }
    }
    for (const late of [false, true])
      for (const heard of [false, true])
        it(`one payment is made; receipts ${late ? 'late' : 'there'}, the last answer ${heard ? '' : 'not '}heard`, async () => {
          for (let last = 1; last < 40; last++) {
            chain = new FakeChain()
            store = memoryStore()
            blind(late)
            const dying = await mortal(last, heard)
            const told = await Promise.race([failure(dying.sender.submit(withdrawal())), clock.sleep(60)])
            blind(false)
            const heir = await make()
            // who has heard of it wants no second one
            if (typeof told !== 'string') await heir.submit(withdrawal())
            await until(() => heir.unfinished === 0)
            expect(payments(), `ended after ${last} calls`).to.equal(1)
            await Promise.all(senders.splice(0).map(async s => await s.stop()))
            if (dying.whole()) break
          }
        }).timeout(60_000)
  })
})
