import { expect } from 'chai'
import { Hono } from 'hono'
import { guard } from '../../../src/api/guard.ts'

const TOKEN = 'ab'.repeat(32)

describe('the guard of the local API', () => {
  const app = new Hono()
  app.use(guard(TOKEN))
  app.get('/health', c => c.text('ok'))
  app.get('/v1/jobs', c => c.text('secret'))

  const ask = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await app.request(`http://127.0.0.1:1234${path}`, { headers })).status
  const good = { host: '127.0.0.1:1234', authorization: `Bearer ${TOKEN}` }

  it('lets its owner in, by any loopback name, also from a page of its own', async () => {
    for (const host of ['127.0.0.1:1234', 'localhost', 'localhost:80', '[::1]:1234'])
      expect(await ask('/v1/jobs', { ...good, host }), host).to.equal(200)
    expect(await ask('/v1/jobs', { ...good, origin: 'http://127.0.0.1:1234' })).to.equal(200)
  })

  it('answers /health without a token, but to loopback names only', async () => {
    expect(await ask('/health', { host: 'localhost' })).to.equal(200)
    expect(await ask('/health', { host: 'evil.example' })).to.equal(403)
    expect(await ask('/health', { host: 'localhost', origin: 'http://evil.example' })).to.equal(403)
  })

  it('DNS rebinding: another host name is refused, even with the token', async () => {
    const hosts = [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example:1234',
      '127.0.0.2',
      '0.0.0.0:1234',
      'localhost:',
      'localhost:123456',
      'a@localhost',
      ''
    ]
    for (const host of hosts) expect(await ask('/v1/jobs', { ...good, host }), host).to.equal(403)
  })

  it('cross-site requests: a page of another origin is refused, even with the token', async () => {
    for (const origin of [
      'http://evil.example',
      'null',
      'https://127.0.0.1:1234',
      'http://127.0.0.1:1235',
      'http://localhost:1234'
    ])
      expect(await ask('/v1/jobs', { ...good, origin }), origin).to.equal(403)
  })

  it('without the whole token nothing is told', async () => {
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN}0`,
      `Bearer ${'ac'.repeat(32)}`,
      `Basic ${TOKEN}`,
      TOKEN,
      `Bearer ${TOKEN.toUpperCase()}`
    ]
    for (const authorization of wrong) {
      const headers = { ...good, authorization }
      const response = await app.request('http://127.0.0.1:1234/v1/jobs', { headers })
      expect(response.status, authorization).to.equal(401)
      expect(await response.text()).not.to.contain(TOKEN)
    }
    expect(await ask('/v1/jobs', { host: good.host, cookie: `token=${TOKEN}` })).to.equal(401)
  })

  it('health cannot be used to reach another path', async () => {
    for (const path of ['/health/../v1/jobs', '//health', '/v1/jobs?/health', '/v1/jobs#/health'])
      expect(await ask(path, { host: good.host }), path).to.be.oneOf([401, 404])
  })
})
