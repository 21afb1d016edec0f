/** Statuses of HTTP with which RPCs refuse, over a real server. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { httpRpc } from '../../../src/settlement/rpc/adapters/http-rpc.ts'
import { RpcBusy, RpcRefused, RpcUnreachable, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'

describe('HTTP statuses of an RPC', () => {
  let server: http.Server
  let rpc: RpcTransport
  let answer: (response: http.ServerResponse) => void

  before(async () => {
    server = http.createServer((request, response) => {
      request.resume()
      request.on('end', () => answer(response))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    rpc = httpRpc(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { answerMax: 10_000 })
  })
  after(async () => {
    await rpc.close()
    server.close()
    await once(server, 'close')
  })

  const ask = (method: string): Promise<unknown> => rpc.send({ method, params: [] }).catch((e: unknown) => e)

  it('429 asks for a pause, for as long as it says: seconds or a date', async () => {
    answer = r => void r.writeHead(429, { 'retry-after': '3' }).end('<html>slow down</html>')
    const e = await ask('eth_call')
    expect(e).to.be.instanceOf(RpcBusy)
    expect((e as RpcBusy).waitMs).to.equal(3_000)
    const date = new Date(Date.now() + 20_000).toUTCString()
    answer = r => void r.writeHead(503, { 'retry-after': date }).end('')
    expect(((await ask('eth_call')) as RpcBusy).waitMs).to.be.within(10_000, 20_000)
    answer = r => void r.writeHead(429).end('')
    expect(((await ask('eth_call')) as RpcBusy).waitMs).to.equal(0)
  })

  it('413 and an answer that is too large ask for fewer events; for anything else they are no answer', async () => {
    for (const next of [
      (r: http.ServerResponse) => void r.writeHead(413).end('too large'),
      (r: http.ServerResponse) => void r.writeHead(200).end('x'.repeat(20_000))
    ]) {
      answer = next
      expect(await ask('eth_getLogs')).to.be.instanceOf(RpcRefused)
      const other = await ask('eth_call')
      expect(other).to.be.instanceOf(RpcUnreachable)
      expect(other).to.not.be.instanceOf(RpcRefused)
    }
  })

  it('a status of 400 may say in its body why events are refused', async () => {
    const error = { jsonrpc: '2.0', id: null, error: { code: -32602, message: 'block range too large' } }
    answer = r => void r.writeHead(400).end(JSON.stringify(error))
    const e = await ask('eth_getLogs')
    expect(e).to.be.instanceOf(RpcRefused)
    expect((e as RpcRefused).message).to.equal('block range too large')
    expect(await ask('eth_estimateGas'), 'a call is not refused by a status').to.be.instanceOf(RpcUnreachable)
  })

  it('500 with a page is no answer', async () => {
    answer = r => void r.writeHead(500).end('<html>oops</html>')
    expect(await ask('eth_getLogs')).to.be.instanceOf(RpcUnreachable)
  })
})
