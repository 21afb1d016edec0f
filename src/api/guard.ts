/** Keeps the loopback API to its owner: a browser page or another local user gets nothing. */
import type { MiddlewareHandler } from 'hono'
import { timingSafeEqual } from 'node:crypto'

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/

const equal = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

const refuse = (code: string, message: string, next?: string) => ({ error: { code, message, next } })

/**
 * Host must be loopback (DNS rebinding), an Origin must be our own (other pages), and everything but /health needs the bearer
 * token. The token is never a cookie, so a forged form has none.
 */
export const guard =
  (token: string): MiddlewareHandler =>
  async (c, next) => {
    const host = c.req.header('host') ?? ''
    if (!LOOPBACK.test(host))
      return c.json(refuse('API_REFUSED', 'this API answers to loopback names only'), 403)
    const origin = c.req.header('origin')
    if (origin !== undefined && origin !== `http://${host}`)
      return c.json(refuse('API_REFUSED', 'foreign origin'), 403)
    if (c.req.path === '/health') return await next()
    const given = /^Bearer ([0-9a-f]{64})$/.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
    if (!equal(given, token)) {
      return c.json(
        refuse('API_REFUSED', 'missing or wrong token', "The token is in api.json of the peer's home."),
        401
      )
    }
    return await next()
  }
