/** api.json of a peer that was killed: whoever has its port now is no peer of this home, and is told nothing. */
import { expect } from 'chai'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectToPeer } from '../../../src/api/adapters/client.ts'
import { startApi, type ApiServer } from '../../../src/api/adapters/server.ts'
import { createService } from '../../../src/api/service.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import type { Peer } from '../../../src/peer/compose.ts'
import { folderFor, removeFolder } from '../settlement/support.ts'
import { noLog } from '../../support/tasks.ts'

const PEER = '12D3KooWPeer'
const TOKEN = 'ab'.repeat(32)

describe('api.json and whoever listens at its port', function () {
  this.timeout(20_000)
  let folder: string
  let file: string
  let stranger: Server
  let heard: IncomingMessage[]
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let api: ApiServer | undefined

  before(async () => {
    folder = await folderFor()
    file = `${folder}/api.json`
    stranger = createServer((q, r) => {
      heard.push(q)
      answer(q, r)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => stranger.once('listening', resolve))
  })
  beforeEach(() => void (heard = []))
  afterEach(async () => {
    await api?.stop()
    api = undefined
  })
  after(async () => {
    stranger.closeAllConnections()
    stranger.close()
    await removeFolder(folder)
  })

  const url = (): string => `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  const asked = async (content: string) => {
    await writeFile(file, content)
    return await connectToPeer(nodeFiles, file)
  }
  const stale = (more: object = {}) =>
    JSON.stringify({ url: url(), token: TOKEN, pid: 1, peer: PEER, ...more })
  const serve = async (peerId: string): Promise<ApiServer> => {
    const peer = { ctx: { identity: { peerId }, log: noLog } } as unknown as Peer
    const common = { port: 0, files: nodeFiles, random: systemRandom, version: '0' }
    return await startApi({ ...common, service: createService(peer), file })
  }

  const strangers: Record<string, (q: IncomingMessage, r: ServerResponse) => void> = {
    'a page': (_, r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'),
    'the answer of an earlier version': (_, r) => r.end('{"ok":true}'),
    'our id without a proof': (_, r) => r.end(JSON.stringify({ ok: true, peer: PEER })),
    'our id with another proof': (_, r) => r.end(JSON.stringify({ peer: PEER, proof: '0'.repeat(64) })),
    null: (_, r) => r.end('null'),
    'an error': (_, r) => r.writeHead(500).end('no'),
    'another place': (_, r) => r.writeHead(302, { location: `${url()}/elsewhere` }).end(),
    silence: () => undefined,
    'bytes without an end': (_, r) => {
      const more = (): void => {
        while (!r.destroyed && r.write('x'.repeat(65_536)));
        if (!r.destroyed) r.once('drain', more)
      }
      more()
    }
  }
  for (const [what, how] of Object.entries(strangers))
    it(`a stranger that answers with ${what} is none, and never sees the token`, async () => {
      answer = how
      expect(await asked(stale())).to.equal(undefined)
      expect(heard).to.have.lengthOf(1)
      expect(JSON.stringify(heard.map(q => [q.url, q.rawHeaders]))).to.not.contain(TOKEN)
    })

  for (const content of [
    '',
    '{"url":"http://127.0',
    '[]',
    'null',
    '{"url":1}',
    '{"url":"nonsense","token":"","peer":""}'
  ])
    it(`a file that says ${JSON.stringify(content)} names no peer`, async () => {
      expect(await asked(content)).to.equal(undefined)
      expect(heard).to.have.lengthOf(0)
    })

  it('another peer of ours that took the port is another peer', async () => {
    api = await serve('12D3KooWOther')
    expect(await asked(stale({ url: api.url }))).to.equal(undefined)
  })

  it('the same peer that was started again at the same port, with an older file, is not spoken to with the old token', async () => {
    api = await serve(PEER)
    expect(await asked(stale({ url: api.url }))).to.equal(undefined)
  })

  it('the peer that wrote the file is found, with its process', async () => {
    api = await serve(PEER)
    const found = await connectToPeer(nodeFiles, file)
    expect(found).to.include({ url: api.url, pid: process.pid })
  })
})
