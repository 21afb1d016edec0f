/** Tricks of a web page in the owner's browser, and of a program without the token. */
import { refused, type ApiAttack, type Target } from './attack.ts'
import { talk, type Answer } from './raw.ts'

type Headers = Readonly<Record<string, string>>

/** A request; `host` and the token are the honest ones unless `headers` say otherwise. An empty value leaves a header out. */
export function request(
  t: Target,
  method: string,
  path: string,
  headers: Headers = {},
  body = ''
): Promise<Answer> {
  const all: Headers = {
    host: t.host,
    authorization: `Bearer ${t.token}`,
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers
  }
  const lines = Object.entries(all).flatMap(([k, v]) => (v === '' ? [] : [`${k}: ${v}`]))
  return talk(t.door, `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

const withHeaders = (name: string, headers: (t: Target) => Headers, path = '/v1/wallet'): ApiAttack => ({
  name,
  run: async t => refused(await request(t, 'GET', path, headers(t)))
})

const form = (name: string, type: string, body: string): ApiAttack => ({
  name,
  run: async t =>
    refused(
      await request(
        t,
        'POST',
        '/v1/wallet/withdraw',
        { authorization: '', origin: 'http://evil.example', 'content-type': type },
        body
      )
    )
})

const stolen = (t: Target): Headers => ({ authorization: `Bearer ${t.token}` })
const WITHDRAW = '{"amount":"1","to":"0x00000000000000000000000000000000000000aa"}'

/** A preflight that is answered must not allow a foreign page anything. */
const preflight: ApiAttack = {
  name: 'preflight of a foreign page',
  run: async t => {
    const a = await request(t, 'OPTIONS', '/v1/jobs', {
      authorization: '',
      origin: 'http://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization'
    })
    const allowed = /access-control-allow/i.test(a.text)
    return {
      answered: `${a.status}, ${allowed ? 'with' : 'without'} CORS headers`,
      success: allowed ? 'CORS is open' : undefined
    }
  }
}

export const browserAttacks: readonly ApiAttack[] = [
  withHeaders('foreign Origin, token stolen', t => ({ ...stolen(t), origin: 'http://evil.example' })),
  withHeaders('Origin null (sandboxed frame)', t => ({ ...stolen(t), origin: 'null' })),
  withHeaders('Origin of another port', t => ({ ...stolen(t), origin: 'http://127.0.0.1:1' })),
  withHeaders('Origin with https', t => ({ ...stolen(t), origin: `https://${t.host}` })),
  withHeaders(
    'health from a foreign page',
    () => ({ authorization: '', origin: 'http://evil.example' }),
    '/health'
  ),
  withHeaders('DNS rebinding: foreign Host', t => ({ ...stolen(t), host: 'evil.example' })),
  withHeaders('DNS rebinding with the right port', t => ({ host: `evil.example:${t.door.port}` })),
  withHeaders('Host that begins like loopback', t => ({ host: `127.0.0.1.evil.example:${t.door.port}` })),
  withHeaders('Host with user and @', t => ({ host: `127.0.0.1@evil.example:${t.door.port}` })),
  withHeaders('Host 0.0.0.0', t => ({ host: `0.0.0.0:${t.door.port}` })),
  withHeaders('no Host', () => ({ host: '' })),
  withHeaders('rebound page whose Origin equals its Host', t => ({
    host: `evil.example:${t.door.port}`,
    origin: `http://evil.example:${t.door.port}`
  })),
  {
    name: 'foreign host in the request target',
    run: async t => {
      const a = await talk(
        t.door,
        `GET http://evil.example/v1/wallet HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer ${t.token}\r\n\r\n`
      )
      return refused(a)
    }
  },
  form('CSRF: urlencoded form', 'application/x-www-form-urlencoded', 'amount=1'),
  form('CSRF: text/plain form with JSON', 'text/plain', WITHDRAW),
  form(
    'CSRF: multipart form',
    'multipart/form-data; boundary=x',
    '--x\r\ncontent-disposition: form-data; name="amount"\r\n\r\n1\r\n--x--\r\n'
  ),
  {
    name: 'CSRF without Origin (old browser)',
    run: async t =>
      refused(
        await request(
          t,
          'POST',
          '/v1/wallet/withdraw',
          { authorization: '', 'content-type': 'text/plain' },
          WITHDRAW
        )
      )
  },
  preflight,
  {
    name: 'WebSocket upgrade of a foreign page',
    run: async t =>
      refused(
        await request(t, 'GET', '/v1/jobs', {
          authorization: '',
          origin: 'http://evil.example',
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA=='
        })
      )
  },
  withHeaders('no token', () => ({ authorization: '' })),
  withHeaders('wrong token', () => ({ authorization: `Bearer ${'0'.repeat(64)}` })),
  withHeaders('half a token', t => ({ authorization: `Bearer ${t.token.slice(0, 32)}` })),
  withHeaders('token as Basic', t => ({
    authorization: `Basic ${Buffer.from(`x:${t.token}`).toString('base64')}`
  })),
  withHeaders('token in a cookie', t => ({ authorization: '', cookie: `token=${t.token}` })),
  {
    name: 'token in the query',
    run: async t =>
      refused(
        await request(t, 'GET', `/v1/wallet?token=${t.token}&access_token=${t.token}`, { authorization: '' })
      )
  },
  {
    name: 'two authorizations, the second is right',
    run: async t =>
      refused(
        await talk(
          t.door,
          `GET /v1/wallet HTTP/1.1\r\nhost: ${t.host}\r\nauthorization: Bearer no\r\nauthorization: Bearer ${t.token}\r\n\r\n`
        )
      )
  },
  {
    name: 'openapi without a token',
    run: async t => refused(await request(t, 'GET', '/openapi.json', { authorization: '' }))
  }
]
