import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect } from 'chai'
import type { Address } from '../../../src/protocol/ids.ts'
import type { SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import { describeProcess } from '../../../src/settlement/chain/adapters/process.ts'
import { createOperatorKey } from '../../../src/settlement/keys/operator.ts'
import { domainOf } from '../../../src/settlement/keys/typed.ts'
import { loadNetwork } from '../../../src/settlement/network.ts'
import { createSettlement } from '../../../src/settlement/settlement.ts'
import {
  clock,
  ETHER,
  folderFor,
  hex32,
  idOf,
  log,
  memoryStore,
  opened,
  party,
  random,
  removeFolder,
  startChain,
  terms,
  until,
  type Party
} from './support.ts'

interface Owner {
  readonly child: ChildProcess
  readonly port: number
  readonly pid: number
  readonly network: string
  fund(address: Address, tokens: bigint): Promise<void>
}

const running = new Set<ChildProcess>()

/** A chain in a process of its own. */
async function startOwner(folder: string, port = 0): Promise<Owner> {
  const child = fork(path.join(import.meta.dirname, 'owner.ts'), [folder, String(port)], {
    execArgv: ['--disable-warning=ExperimentalWarning']
  })
  running.add(child)
  const [ready] = (await once(child, 'message')) as [Pick<Owner, 'port' | 'pid' | 'network'>]
  return {
    child,
    ...ready,
    fund: async (address, tokens) => {
      child.send({ address, wei: ETHER.toString(), tokens: tokens.toString() })
      const [answer] = (await once(child, 'message')) as [{ funded?: string }]
      expect(answer.funded).to.equal(address)
    }
  }
}

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  running.delete(child)
}

const gone = async (pid: number): Promise<void> =>
  await until(async () => (await describeProcess(pid)) === undefined)

describe('the chain is killed', () => {
  let folder: string
  beforeEach(async () => {
    folder = await folderFor()
  })
  afterEach(async () => {
    for (const child of running) await kill(child)
    // The tests leave no chain process: a clean start and stop ends what a killed owner left behind.
    await (await startChain(folder)).stop()
    await removeFolder(folder)
  })

  const client = (owner: Owner, store = memoryStore()): Party => {
    const network = loadNetwork(owner.network)
    const secret = random.bytes(32)
    const key = createOperatorKey(secret, domainOf(network))
    const rpcUrl = `http://127.0.0.1:${owner.port}`
    const options = { pollMs: 30, watchMs: 50, rebroadcastMs: 300 }
    return {
      key,
      store,
      secret,
      settlement: createSettlement({ rpcUrl, network, key, store, clock, random, log, options })
    }
  }

  it('with SIGKILL of owner and anvil at once: every accepted transaction is there after the restart', async () => {
    const first = await startOwner(folder)
    const [requester, provider, arbiter] = [client(first), client(first), client(first)]
    for (const p of [requester, provider]) {
      await p.settlement.start()
      await first.fund(p.key.address, 10_000n)
      await p.settlement.deposit(10_000n)
    }
    const { a, id } = await opened(requester, provider, arbiter.key.address)
    await provider.settlement.deliver(a, hex32(), a.price)
    const before = await requester.settlement.account()
    process.kill(first.pid, 'SIGKILL')
    await kill(first.child)
    await gone(first.pid)

    // Asked while the chain is away, answered when it is back under the same port.
    const pending = requester.settlement.escrow(id)
    await until(() => !requester.settlement.reachable)
    const second = await startOwner(folder, first.port)
    expect(second.network).to.equal(first.network)
    expect(await pending).to.include({ state: 'delivered' })
    expect(requester.settlement.reachable).to.equal(true)
    expect(await requester.settlement.account()).to.include({ free: before.free, locked: 1100n, wallet: 0n })
    const next = await opened(requester, provider, arbiter.key.address)
    expect((await provider.settlement.escrow(next.id)).state).to.equal('open')
    await Promise.all([requester, provider].map(async p => await p.settlement.stop()))
  })

  it('with SIGKILL of the owner alone: the orphaned anvil is ended by the next owner', async () => {
    const first = await startOwner(folder)
    await kill(first.child)
    expect(await describeProcess(first.pid)).not.to.equal(undefined)
    const second = await startOwner(folder)
    await gone(first.pid)
    expect(second.pid).not.to.equal(first.pid)
    expect(second.network).to.equal(first.network)
  })

  it('never ends a process that is not ours, although the pid file names it', async () => {
    const first = await startChain(folder)
    await first.stop()
    const { writeFile } = await import('node:fs/promises')
    await writeFile(path.join(folder, 'anvil.pid'), String(process.pid))
    const second = await startChain(folder)
    await second.stop()
    expect(second.network).to.deep.equal(first.network)
  })

  it('with SIGKILL of anvil alone in mid-job: the same proxy goes on, actions and watch lose nothing', async () => {
    const chain = await startChain(folder, { saveMs: 60_000 })
    const requester = await party(chain, { deposit: 100_000n })
    const provider = await party(chain, { deposit: 100_000n })
    const arbiter = provider.key.address.replace(/.$/, c => (c === '1' ? '2' : '1')).toLowerCase() as Address
    const seen = new Set<string>()
    const watching = new AbortController()
    const onEvent = async (e: SettlementEvent): Promise<void> => void seen.add(`${e.agreement}/${e.kind}`)
    const watch = provider.settlement.watch(undefined, onEvent, watching.signal)
    const agreements = []
    for (let i = 0; i < 6; i++) {
      if (i === 3) process.kill(chain.pid ?? 0, 'SIGKILL')
      agreements.push(await opened(requester, provider, arbiter))
    }
    await Promise.all(agreements.map(async ({ a }) => await provider.settlement.deliver(a, hex32(), a.price)))
    for (const { id } of agreements) {
      expect((await requester.settlement.escrow(id)).state).to.equal('delivered')
      await until(() => seen.has(`${id}/opened`) && seen.has(`${id}/delivered`))
    }
    watching.abort()
    await watch
    await requester.settlement.stop()
    await provider.settlement.stop()
    await chain.stop()
  })

  it('with SIGKILL of anvil: nobody sees the chain while it takes up its log, as it would have gone back', async () => {
    const chain = await startChain(folder, { saveMs: 60_000 })
    const requester = await party(chain, { deposit: 100_000n })
    const provider = await party(chain, { deposit: 100_000n })
    const arbiter = provider.key.address.replace(/.$/, c => (c === '1' ? '2' : '1')).toLowerCase() as Address
    for (let i = 0; i < 8; i++) await opened(requester, provider, arbiter)
    const head = async (): Promise<number | undefined> => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(chain.rpcUrl, { method: 'POST', headers, body })
      const { result } = (await response.json()) as { result?: string }
      return result === undefined ? undefined : Number(result)
    }
    const before = (await head()) ?? 0
    expect(before).to.be.greaterThan(8)
    const killed = chain.pid
    process.kill(killed ?? 0, 'SIGKILL')
    await until(() => chain.pid !== killed)
    const seen: number[] = []
    await until(async () => {
      const now = await head()
      if (now !== undefined) seen.push(now)
      return now !== undefined && now >= before
    })
    expect(Math.min(...seen)).to.be.at.least(before)
    await requester.settlement.stop()
    await provider.settlement.stop()
    await chain.stop()
  })

  it('time and balances survive a clean restart, on the port that was given', async () => {
    const first = await startChain(folder)
    const p = await party(first, { deposit: 500n })
    await first.advance(1000)
    const time = await p.settlement.time()
    await first.stop()
    const second = await startChain(folder, { port: first.port })
    expect(await p.settlement.account()).to.include({ free: 500n })
    expect((await p.settlement.time()) >= time).to.equal(true)
    await p.settlement.stop()
    await second.stop()
  })

  it('starts its node afresh from a pruned state without losing anything', async () => {
    const chain = await startChain(folder, { refreshBlocks: 1, saveMs: 1 })
    const first = chain.pid
    const requester = await party(chain, { deposit: 5000n })
    const provider = await party(chain, { deposit: 5000n })
    const { a, id } = await opened(requester, provider, chain.deployer.address)
    await until(() => chain.pid !== undefined && chain.pid !== first)
    await provider.settlement.deliver(a, hex32(), a.price)
    expect((await requester.settlement.escrow(id)).state).to.equal('delivered')
    expect(await requester.settlement.account()).to.include({ free: 3900n, locked: 1100n })
    await requester.settlement.stop()
    await provider.settlement.stop()
    await chain.stop()
  })

  it('refuses a second owner of the same folder', async () => {
    const first = await startOwner(folder)
    try {
      await startChain(folder)
      expect.fail('two owners')
    } catch (e) {
      expect(e).to.include({ code: 'HOME_LOCKED' })
    }
    expect(await describeProcess(first.pid)).not.to.equal(undefined)
  })
})

describe('the settlement client is killed between journal and send', () => {
  it('a new client on the same store finishes the transaction; the repeated action finds it', async () => {
    const folder = await folderFor()
    const chain = await startChain(folder)
    const requester = await party(chain, { deposit: 10_000n })
    const provider = await party(chain, { deposit: 10_000n })
    const a = await terms(requester, provider, chain.deployer.address)
    const signature = await provider.key.sign('Agreement', a)
    await requester.settlement.stop()

    // A client whose transactions are written down but never reach the chain.
    const { httpRpc } = await import('../../../src/settlement/rpc/adapters/http-rpc.ts')
    const { RpcUnreachable } = await import('../../../src/settlement/rpc/rpc.ts')
    const real = httpRpc(chain.rpcUrl)
    const transport = {
      send: async (r: Parameters<typeof real.send>[0], signal?: AbortSignal): Promise<unknown> => {
        if (r.method === 'eth_sendRawTransaction') throw new RpcUnreachable('the process dies here')
        return await real.send(r, signal)
      },
      close: real.close
    }
    const common = { network: chain.network, key: requester.key, store: requester.store, clock, random, log }
    const doomed = createSettlement({ ...common, rpcUrl: '', transport, options: { pollMs: 30 } })
    await doomed.start()
    const cut = new AbortController()
    const lost = doomed.open(a, signature, { signal: cut.signal }).catch((e: unknown) => e)
    const opening = ([k, v]: [string, Uint8Array]): boolean =>
      k.startsWith('tx/') && Buffer.from(v).includes('"open"')
    const journalled = (): boolean => [...requester.store.map].some(opening)
    await until(journalled)
    cut.abort(new Error('killed'))
    expect(await lost).to.be.instanceOf(Error)
    await doomed.stop()
    expect((await provider.settlement.escrow(idOf(provider, a))).state).to.equal('none')

    const heir = createSettlement({
      ...common,
      rpcUrl: chain.rpcUrl,
      options: { pollMs: 30, confirmations: 0 }
    })
    await heir.start()
    await until(async () => (await heir.escrow(idOf(provider, a))).state === 'open')
    await heir.open(a, signature)
    await until(() => !journalled())
    await heir.stop()
    await provider.settlement.stop()
    await chain.stop()
    await removeFolder(folder)
  })
})
