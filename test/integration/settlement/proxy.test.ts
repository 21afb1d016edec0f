import http from 'node:http'
import { expect } from 'chai'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { allowedMethods } from '../../../src/settlement/chain/filter.ts'
import { folderFor, removeFolder, startChain } from './support.ts'

interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

describe('the proxy before the chain', () => {
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

  const post = async (body: string, headers: Record<string, string> = {}, method = 'POST'): Promise<Reply> =>
    await new Promise((resolve, reject) => {
      const all = { 'content-type': 'application/json', ...headers }
      const request = http.request(
        { host: '127.0.0.1', port: chain.port, method, headers: all },
        response => {
          let text = ''
          response.setEncoding('utf8').on('data', (c: string) => (text += c))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
          )
          response.on('error', reject)
        }
      )
      request.on('error', reject)
      request.end(body)
    })
  const call = async (method: string, params: unknown = []) => {
    const { text } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
    return JSON.parse(text) as { result?: unknown; error?: { code: number; message: string } }
  }

  const forbidden = [
    'anvil_setBalance',
    'anvil_impersonateAccount',
    'anvil_mine',
    'anvil_dumpState',
    'anvil_loadState',
    'anvil_setCode',
    'anvil_reset',
    'anvil_nodeInfo',
    'evm_mine',
    'evm_increaseTime',
    'evm_snapshot',
    'evm_revert',
    'evm_setNextBlockTimestamp',
    'hardhat_setBalance',
    'hardhat_impersonateAccount',
    'eth_sendTransaction',
    'eth_sendUnsignedTransaction',
    'eth_sign',
    'eth_signTransaction',
    'eth_signTypedData_v4',
    'eth_accounts',
    'eth_newFilter',
    'eth_subscribe',
    'personal_sign',
    'debug_traceTransaction',
    'trace_block',
    'txpool_content',
    'ots_getApiLevel',
    'erigon_getHeaderByNumber',
    'ETH_CALL',
    'eth_call ',
    '__proto__',
    'constructor'
  ]
  for (const method of forbidden) {
    it(`refuses ${method}`, async () => {
      const { error, result } = await call(method)
      expect(result).to.equal(undefined)
      expect(error?.code).to.equal(-32601)
    })
  }

  it('offers only reads and signed transactions', () => {
    for (const method of allowedMethods) expect(method).to.match(/^(eth|net|web3)_/)
    expect(
      [...allowedMethods].filter(m => /sign|accounts|sendTransaction|filter|subscribe/i.test(m))
    ).to.deep.equal([])
  })

  it('answers reads, also in a batch, in order', async () => {
    expect(await call('eth_chainId')).to.include({ result: '0x7a69' })
    const methods = ['eth_chainId', 'anvil_mine', 'net_version', 'web3_clientVersion']
    const { text } = await post(
      JSON.stringify(methods.map((method, id) => ({ jsonrpc: '2.0', id, method, params: [] })))
    )
    const replies = JSON.parse(text) as { id: number; result?: unknown; error?: { code: number } }[]
    expect(replies.map(r => r.id)).to.deep.equal([0, 1, 2, 3])
    expect(replies.map(r => r.error?.code ?? 'ok')).to.deep.equal(['ok', -32601, 'ok', 'ok'])
  })

  it('refuses every page of a browser: any Origin, also null and its own', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
    for (const origin of ['http://evil.example', 'null', chain.rpcUrl, 'http://localhost']) {
      const reply = await post(body, { origin })
      expect(reply.status, origin).to.equal(403)
      expect(reply.headers).not.to.have.property('access-control-allow-origin')
    }
    expect((await post('', { origin: 'http://evil.example' }, 'OPTIONS')).status).to.equal(403)
  })

  it('refuses a foreign Host (a name rebound to loopback)', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
    for (const host of ['evil.example', `evil.example:${chain.port}`, '127.0.0.1.evil.example', '0.0.0.0']) {
      expect((await post(body, { host })).status, host).to.equal(403)
    }
    for (const host of [`localhost:${chain.port}`, `127.0.0.1:${chain.port}`, 'LOCALHOST']) {
      expect((await post(body, { host })).status, host).to.equal(200)
    }
  })

  it('refuses forms and plain text, which pages may post without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      expect((await post('{}', { 'content-type': type })).status, type).to.equal(415)
    }
    expect((await post('', {}, 'GET')).status).to.equal(405)
  })

  it('refuses bodies and batches above the limit, and what is no request', async () => {
    expect((await post(' '.repeat(1024 * 1024 + 1))).status).to.equal(413)
    const many = Array.from({ length: 101 }, () => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_chainId',
      params: []
    }))
    const code = async (body: unknown): Promise<unknown> =>
      (
        JSON.parse((await post(typeof body === 'string' ? body : JSON.stringify(body))).text) as {
          error?: { code: number }
        }
      ).error?.code
    expect(await code(many)).to.equal(-32600)
    expect(await code([])).to.equal(-32600)
    expect(await code('{')).to.equal(-32700)
    expect(await code(null)).to.equal(-32600)
    expect(await code({ id: 1, method: 'eth_call', params: {} })).to.equal(-32602)
    for (const raw of ['', '0x', '0xzz', '0x123', 7, '0x' + '00'.repeat(128 * 1024 + 1)]) {
      expect(await code({ id: 1, method: 'eth_sendRawTransaction', params: [raw] })).to.equal(-32602)
    }
  })

  it('passes on the refusal of an invalid transaction and goes on', async () => {
    const { error } = await call('eth_sendRawTransaction', ['0x02c0'])
    expect(error?.code).to.be.lessThan(0)
    expect(await call('eth_chainId')).to.include({ result: '0x7a69' })
  })
})
