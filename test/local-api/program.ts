/** Tricks of a local program at the level of HTTP: smuggling, paths, methods, bodies; some know the token, as a compromised tool would. */
import { refused, type ApiAttack, type Result, type Target } from './attack.ts'
import { request } from './browser.ts'
import { responses, talk, type Answer } from './raw.ts'

const head = (t: Target, line: string, more = ''): string =>
  `${line} HTTP/1.1\r\nhost: ${t.host}\r\nauthorization: Bearer ${t.token}\r\ncontent-type: application/json\r\n${more}`

const SECRET = 'GET /v1/wallet HTTP/1.1\r\nhost: x\r\n\r\n'

/** A second request hidden in the first: it must not be answered with anything but a refusal. */
const smuggle = (name: string, bytes: (t: Target) => string): ApiAttack => ({
  name,
  run: async t => {
    const a = await talk(t.door, bytes(t))
    const leaked = /"free"/.test(a.text)
    return {
      answered: `${a.status}, ${responses(a)} responses`,
      success: leaked ? 'the hidden request was served' : undefined
    }
  }
})

const path = (name: string, target: string, method = 'GET'): ApiAttack => ({
  name,
  run: async t => refused(await request(t, method, target))
})

/** Without a token no spelling of a path may reach what needs one. */
const around = (name: string, target: string): ApiAttack => ({
  name,
  run: async t => {
    const a = await request(t, 'GET', target, { authorization: '' })
    const body = a.text.split('\r\n\r\n')[1] ?? ''
    // only what /health says may be said
    if (a.status === 200 && body === '{"ok":true}')
      return { answered: '200, the answer of /health', success: undefined }
    return refused(a)
  }
})

const post = (
  name: string,
  target: string,
  body: string | (() => string),
  type = 'application/json'
): ApiAttack => ({
  name,
  run: async t =>
    refused(
      await request(t, 'POST', target, { 'content-type': type }, typeof body === 'string' ? body : body())
    )
})

/** A submitted job file that reads what it should not: refused, and nothing of the file comes back. */
const readsFile = (name: string, task: string): ApiAttack => ({
  name,
  run: async t => {
    const file = `name: x\ntask: { engine: wasm, ${task} }\nprice: { max: "0.1" }\n`
    const body = JSON.stringify({ file, path: 'job.yaml', folder: t.home, out: `${t.home}/out-of-attack` })
    const a = await request(t, 'POST', '/v1/jobs', { 'content-type': 'application/json' }, body)
    const leaked = /root:|daemon:/.test(a.text)
    return { answered: String(a.status), success: leaked ? 'the file came back' : refused(a).success }
  }
})

const pollution: ApiAttack = {
  name: 'JSON with __proto__',
  run: async t => {
    const body = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"amount":"0"}'
    const a = await request(t, 'POST', '/v1/wallet/deposit', { 'content-type': 'application/json' }, body)
    const after = await request(t, 'GET', '/v1/status')
    const polluted: Result = refused(a)
    return { ...polluted, success: /admin/.test(after.text) ? 'the prototype was changed' : polluted.success }
  }
}

const FOREIGN = `0x${'aa'.repeat(20)}`
const JSON_BODY = { 'content-type': 'application/json' }

/** A ruling that must not be made; by default on an agreement that nobody disputes. */
const rules = (name: string, body: object, id = `0x${'12'.repeat(32)}`): ApiAttack =>
  post(name, `/v1/disputes/${id}/rule`, JSON.stringify(body))

/** Refused, and the peer's money has no guard afterwards: one could not be lifted by the peer itself. */
async function unguarded(t: Target, a: Answer): Promise<Result> {
  const wallet = await request(t, 'GET', '/v1/wallet')
  const guarded = /"guard":/.test(wallet.text)
  return { ...refused(a), ...(guarded ? { success: 'a guard was set' } : {}) }
}

const protects = (name: string, body: object): ApiAttack => ({
  name,
  run: async t =>
    unguarded(t, await request(t, 'POST', '/v1/wallet/protect', JSON_BODY, JSON.stringify(body)))
})

export const programAttacks: readonly ApiAttack[] = [
  smuggle(
    'smuggling: content-length and chunked',
    t =>
      head(t, 'POST /v1/jobs', 'content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n') +
      `0\r\n\r\n${SECRET}`
  ),
  smuggle(
    'smuggling: two content-lengths',
    t => head(t, 'POST /v1/jobs', `content-length: 0\r\ncontent-length: ${SECRET.length}\r\n\r\n`) + SECRET
  ),
  smuggle('smuggling: bare line feeds', t => `GET /health HTTP/1.1\nhost: ${t.host}\n\n${SECRET}`),
  smuggle(
    'smuggling: space before the colon',
    t => head(t, 'POST /v1/jobs', `content-length : ${SECRET.length}\r\n\r\n`) + SECRET
  ),
  smuggle(
    'smuggling: obfuscated chunked',
    t => head(t, 'POST /v1/jobs', `transfer-encoding: xchunked\r\ncontent-length: 3\r\n\r\n`) + `abc${SECRET}`
  ),
  smuggle(
    'smuggling: folded header',
    t =>
      `GET /health HTTP/1.1\r\nhost: ${t.host}\r\nx: a\r\n authorization: Bearer ${t.token}\r\n\r\n${SECRET}`
  ),
  smuggle(
    'pipelining behind health, without a token',
    t => `GET /health HTTP/1.1\r\nhost: ${t.host}\r\n\r\n${SECRET}`
  ),
  around('path: dots through health', '/health/../v1/wallet'),
  around('path: encoded dots', '/health/%2e%2e/v1/wallet'),
  around('path: encoded slash', '/health%2f..%2fv1%2fwallet'),
  around('path: double slash', '//v1/wallet'),
  around('path: backslash', '/health\\..\\v1\\wallet'),
  around('path: NUL', '/v1/wallet%00/health'),
  around('path: semicolon', '/v1/wallet;/health'),
  around('path: upper case', '/V1/WALLET'),
  around('path: fragment', '/health#/../v1/wallet'),
  path('id with slashes', '/v1/jobs/..%2f..%2fwallet'),
  path('id with NUL', '/v1/jobs/0x123456%00'),
  path('id of 100 000 characters', `/v1/jobs/0x${'a'.repeat(15_000)}`),
  path('method TRACE', '/v1/wallet', 'TRACE'),
  path('method CONNECT', 'evil.example:443', 'CONNECT'),
  path('method of nobody', '/v1/wallet', 'BREW'),
  {
    name: 'method override',
    run: async t => {
      const a = await request(t, 'GET', '/v1/wallet/withdraw', { 'x-http-method-override': 'POST' })
      return refused(a)
    }
  },
  post('deep JSON', '/v1/jobs', () => '['.repeat(100_000) + ']'.repeat(100_000)),
  post('wide JSON', '/v1/jobs', () =>
    JSON.stringify(Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`k${i}`, 1])))
  ),
  post('JSON as text/plain', '/v1/wallet/withdraw', '{"amount":"1"}', 'text/plain'),
  post('duplicate keys', '/v1/wallet/withdraw', '{"amount":"0","amount":"99999999999"}'),
  post('negative amount', '/v1/wallet/deposit', '{"amount":"-1"}'),
  post('invalid UTF-8', '/v1/jobs', () => '{"file":"\ud800"}'),
  post('body of 2 MiB', '/v1/jobs', () => JSON.stringify({ file: 'x'.repeat(2 * 2 ** 20) })),
  around('path: disputes without a token', '/v1/disputes'),
  path('dispute id with dots', '/v1/disputes/..%2f..%2fwallet/rule', 'POST'),
  rules('a ruling by a peer that is no arbiter', { providerBps: 10_000, slashBps: 0 }),
  rules('a ruling above all', { providerBps: 10_001, slashBps: 0 }),
  rules('a ruling below nothing', { providerBps: -1, slashBps: 10_000 }),
  rules('a ruling in parts of a share', { providerBps: 0.5, slashBps: 0 }),
  rules('a ruling with more than is asked for', { providerBps: 1, slashBps: 0, id: '0x00' }),
  rules('a ruling on everything that begins alike', { providerBps: 1, slashBps: 0 }, '0x'),
  protects('a guard without a limit', { beneficiary: FOREIGN }),
  protects('a guard with a limit below nothing', { beneficiary: FOREIGN, limit: '-1' }),
  protects("a guard for somebody else's money", { beneficiary: FOREIGN, limit: '0', owner: FOREIGN }),
  protects('a guard for an address of another form', { beneficiary: '0x12', limit: '1' }),
  {
    name: 'a guard set by a form of a foreign page',
    run: async t =>
      unguarded(
        t,
        await request(
          ...([t, 'POST', '/v1/wallet/protect'] as const),
          { authorization: '', origin: 'http://evil.example', 'content-type': 'text/plain' },
          JSON.stringify({ beneficiary: FOREIGN, limit: '0' })
        )
      )
  },
  pollution,
  readsFile('job file that names a foreign file', 'module: /etc/passwd'),
  readsFile('job file with dots', 'module: ../../../../../../etc/passwd')
]
