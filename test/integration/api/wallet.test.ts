/** The wallet over the local API: what ends without being heard belongs to whoever asks next. */
import { expect } from 'chai'
import { startApi, type ApiServer } from '../../../src/api/adapters/server.ts'
import { createService } from '../../../src/api/service.ts'
import type { Peer } from '../../../src/peer/compose.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import type { MoneyOptions } from '../../../src/protocol/ports/settlement.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { folderFor, removeFolder, until } from '../settlement/support.ts'
import { noLog } from '../../support/tasks.ts'

interface Asked extends MoneyOptions {
  readonly amount: bigint
  readonly to: string | undefined
}

describe('the wallet of the local API', () => {
  let folder: string
  let api: ApiServer
  let asked: Asked[]
  /** How the chain answers a transfer. */
  let answer: (o: MoneyOptions) => Promise<string>

  before(async () => {
    folder = await folderFor()
    const underWay = [
      {
        what: 'withdraw',
        amount: 5n * 10n ** 18n,
        nonce: 3,
        hash: '0x1',
        since: 1,
        waits: 'fate',
        reason: 'why'
      }
    ]
    const settlement = {
      account: async () => ({ address: '0x0', gas: 0n, wallet: 0n, free: 0n, locked: 0n, staked: 0n }),
      guard: async () => undefined,
      underWay: () => underWay,
      withdraw: async (amount: bigint, to: string | undefined, o: MoneyOptions) => {
        asked.push({ amount, to, ...o })
        return await answer(o)
      },
      deposit: async (amount: bigint, o: MoneyOptions) => {
        asked.push({ amount, to: undefined, ...o })
        return await answer(o)
      }
    }
    const identity = { peerId: '12D3KooW' }
    const peer = { ctx: { settlement, identity, log: noLog } } as unknown as Peer
    const common = { port: 0, files: nodeFiles, random: systemRandom, version: '0' }
    api = await startApi({ ...common, service: createService(peer), file: `${folder}/api.json` })
  })
  beforeEach(() => {
    asked = []
    answer = async () => '0xabc'
  })
  after(async () => {
    await api.stop()
    await removeFolder(folder)
  })

  const call = (path: string, body?: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${api.url}/v1/wallet${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal
    })

  it('shows what is on its way, and why it waits', async () => {
    const { underWay } = (await (await call('')).json()) as { underWay: object[] }
    expect(underWay).to.deep.equal([
      { what: 'withdraw', amount: '5', nonce: 3, hash: '0x1', since: 1, waits: 'fate', reason: 'why' }
    ])
  })

  it('says when a transfer sent nothing itself', async () => {
    answer = async o => {
      o.joined?.()
      return '0xabc'
    }
    expect(await (await call('/withdraw', { amount: '5' })).json()).to.include({ tx: '0xabc', joined: true })
    answer = async () => '0xdef'
    expect(await (await call('/deposit', { amount: '5' })).json()).to.not.have.property('joined')
  })

  it('passes on that another one is wanted', async () => {
    await call('/withdraw', { amount: '5', again: true })
    await call('/deposit', { amount: '5' })
    expect(asked.map(a => a.again)).to.deep.equal([true, undefined])
  })

  it('a client that goes away has not heard of the end', async () => {
    answer = o => new Promise((_, no) => o.signal?.addEventListener('abort', () => no(new Error('gone'))))
    const leave = new AbortController()
    const lost = call('/withdraw', { amount: '5' }, leave.signal).catch((e: unknown) => e)
    await until(() => asked.length === 1)
    expect(asked[0]?.signal?.aborted).to.equal(false)
    leave.abort(new Error('enough'))
    await lost
    await until(() => asked[0]?.signal?.aborted === true)
  })
})
