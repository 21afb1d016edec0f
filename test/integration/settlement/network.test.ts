import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect } from 'chai'
import { isShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'
import type { NetworkParameters } from '../../../src/protocol/ports/settlement.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { createSettlement } from '../../../src/settlement/settlement.ts'
import {
  clock,
  folderFor,
  log,
  memoryStore,
  party,
  random,
  removeFolder,
  startChain,
  stranger
} from './support.ts'

describe('a settlement client checks its network', () => {
  let folder: string
  let chain: EmbeddedChain
  before(async () => {
    folder = await folderFor()
    chain = await startChain(folder)
  })
  after(async () => {
    await chain.stop()
    await removeFolder(folder)
  })

  const start = async (rpcUrl: string, network: NetworkParameters, code: ErrorCode): Promise<void> => {
    const key = random.bytes(32)
    const options = { patienceMs: 300, requestMs: 200 }
    const s = createSettlement({ rpcUrl, network, key, store: memoryStore(), clock, random, log, options })
    const failed: unknown = await s.start().catch((e: unknown) => e)
    await s.stop()
    await s.stop()
    if (!isShoalError(failed, code)) throw failed
  }

  it('refuses another chain id, contracts that are not there, and contracts that do not belong together', async () => {
    await start(chain.rpcUrl, { ...chain.network, chainId: 1n }, 'CHAIN_WRONG_NETWORK')
    await start(chain.rpcUrl, { ...chain.network, escrow: stranger() }, 'CHAIN_WRONG_NETWORK')
    await start(chain.rpcUrl, { ...chain.network, registry: chain.network.token }, 'CHAIN_WRONG_NETWORK')
    await start(chain.rpcUrl, { ...chain.network, feeBps: 1 }, 'CHAIN_WRONG_NETWORK')
  })

  it('says CHAIN_UNREACHABLE after a bounded wait: nobody listens, or nobody answers', async () => {
    const server = createServer(socket => void socket.resume().on('error', () => socket.destroy())).listen(
      0,
      '127.0.0.1'
    )
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await start(`http://127.0.0.1:${port}`, chain.network, 'CHAIN_UNREACHABLE')
    server.close()
    await once(server, 'close')
    await start(`http://127.0.0.1:${port}`, chain.network, 'CHAIN_UNREACHABLE')
  })

  it('ends a call with its signal', async () => {
    const p = await party(chain)
    const reason = new Error('enough')
    const failed: unknown = await p.settlement
      .account(undefined, { signal: AbortSignal.abort(reason) })
      .catch((e: unknown) => e)
    expect(failed).to.equal(reason)
    await p.settlement.stop()
  })

  it('refuses to serve on a port that is in use', async () => {
    const other = await folderFor()
    const failed: unknown = await startChain(other, { port: chain.port }).catch((e: unknown) => e)
    expect(isShoalError(failed, 'PORT_IN_USE')).to.equal(true)
    await removeFolder(other)
  })
})
