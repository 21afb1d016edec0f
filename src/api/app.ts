/** The routes of the local API, described by OpenAPI at /openapi.json. */
import type { z } from '@hono/zod-openapi'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { asShoalError, ShoalError } from '../protocol/errors.ts'
import { guard } from './guard.ts'
import { CHALLENGE, proofOf } from './proof.ts'
import {
  amountBody,
  anyObject,
  disputeParam,
  errorBody,
  forgiveBody,
  fromQuery,
  guestQuery,
  guardBody,
  idParam,
  outBody,
  pauseBody,
  ruleBody,
  submitBody
} from './schemas.ts'
import type { Service } from './service.ts'
import { streamJob, streamLogs, streamSeat } from './streams.ts'

/** Largest body: a job file with flags. */
const BODY_MAX = 512 * 1024

const json = (schema: z.ZodType, description: string) => ({
  content: { 'application/json': { schema } },
  description
})
const answers = { 200: json(anyObject, 'Done'), default: json(errorBody, 'What was wrong and what to do') }

const get = (path: string, summary: string) =>
  createRoute({ method: 'get', path, summary, responses: answers })
const getJob = (path: string, summary: string) =>
  createRoute({ method: 'get', path, summary, request: { params: idParam }, responses: answers })
const post = <B extends z.ZodType>(path: string, summary: string, body: B) =>
  createRoute({
    method: 'post',
    path,
    summary,
    request: { body: { content: { 'application/json': { schema: body } }, required: true } },
    responses: answers
  })

const routes = {
  submit: post('/v1/jobs', 'Submit a job', submitBody),
  jobs: get('/v1/jobs', 'All jobs, newest first'),
  job: getJob('/v1/jobs/{id}', 'One job with its executions'),
  history: getJob('/v1/jobs/{id}/history', 'What happened to a job, in order'),
  source: getJob('/v1/jobs/{id}/source', 'The job file and flags of a job, as submitted'),
  bids: getJob('/v1/jobs/{id}/bids', 'The bids of each round and who won'),
  audit: getJob('/v1/jobs/{id}/audit', 'Choose again from the same bids and compare'),
  cancel: createRoute({
    method: 'post',
    path: '/v1/jobs/{id}/cancel',
    summary: 'Cancel a job',
    request: { params: idParam },
    responses: answers
  }),
  get: createRoute({
    method: 'post',
    path: '/v1/jobs/{id}/get',
    summary: 'Write the results into a folder',
    request: {
      params: idParam,
      body: { content: { 'application/json': { schema: outBody } }, required: true }
    },
    responses: answers
  }),
  logs: createRoute({
    method: 'get',
    path: '/v1/jobs/{id}/logs',
    summary: 'Log lines as JSON lines',
    request: { params: idParam, query: fromQuery },
    responses: answers
  }),
  events: getJob('/v1/jobs/{id}/events', 'Changes of a job as JSON lines, live'),
  guests: createRoute({
    method: 'get',
    path: '/v1/guests',
    summary:
      'A seat for as long as the stream is open: a peer that lasts as long as a command stays meanwhile',
    request: { query: guestQuery },
    responses: answers
  }),
  status: get('/v1/status', 'This peer'),
  peers: get('/v1/peers', 'Connected peers, and bans both ways'),
  forgive: post('/v1/peers/forgive', 'End a ban that this peer has made', forgiveBody),
  offers: get('/v1/offers', 'Capacity that providers advertise'),
  executions: get('/v1/executions', 'Work done here for others'),
  disputes: get('/v1/disputes', 'Disputes of this peer, and those before it as an arbiter'),
  rule: createRoute({
    method: 'post',
    path: '/v1/disputes/{id}/rule',
    summary: 'Decide a dispute as its arbiter',
    request: {
      params: disputeParam,
      body: { content: { 'application/json': { schema: ruleBody } }, required: true }
    },
    responses: answers
  }),
  pause: post('/v1/provider/pause', 'Take on nothing new; what runs is finished', pauseBody),
  resume: createRoute({
    method: 'post',
    path: '/v1/provider/resume',
    summary: 'End a pause',
    responses: answers
  }),
  wallet: get('/v1/wallet', 'Balances'),
  deposit: post('/v1/wallet/deposit', 'Move tokens into the vault', amountBody),
  withdraw: post('/v1/wallet/withdraw', 'Move free balance out of the vault', amountBody),
  protect: post('/v1/wallet/protect', 'Limit what the operator key alone may withdraw', guardBody)
}

/** HTTP status for an error's fault. */
function statusOf(e: ShoalError): 400 | 404 | 409 | 500 | 503 {
  if (e.code === 'NOT_FOUND') return 404
  if (e.fault === 'user' || e.fault === 'config' || e.fault === 'task') return 400
  if (e.fault === 'funds') return 409
  return e.fault === 'chain' || e.fault === 'network' || e.fault === 'timeout' ? 503 : 500
}

/** The app; `token` is 64 hex digits. */
export function createApi(service: Service, token: string, version: string): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined
      const issue = result.error.issues[0]
      return c.json(
        {
          error: { code: 'USAGE', message: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` }
        },
        400
      )
    }
  })
  app.use('*', guard(token))
  app.use(
    '*',
    bodyLimit({
      maxSize: BODY_MAX,
      // the rest of the body is not read, so the connection cannot serve another request
      onError: c =>
        c.json({ error: { code: 'USAGE', message: `body larger than ${BODY_MAX} bytes` } }, 413, {
          connection: 'close'
        })
    })
  )
  app.onError((e, c) => {
    const clients = e instanceof SyntaxError || (e instanceof HTTPException && e.status < 500)
    const error = clients
      ? new ShoalError('USAGE', `the request cannot be read: ${e.message}`)
      : asShoalError(e, 'INVALID_TRANSITION')
    if (!clients && !(e instanceof ShoalError)) service.peer.ctx.log.error({ err: e }, 'an API call failed')
    return c.json({ error: { code: error.code, message: error.message, next: error.next } }, statusOf(error))
  })
  app.notFound(c =>
    c.json({ error: { code: 'NOT_FOUND', message: 'no such route', next: 'See /openapi.json.' } }, 404)
  )
  app.get('/health', c => {
    const challenge = c.req.query('challenge') ?? ''
    if (!CHALLENGE.test(challenge)) return c.json({ ok: true })
    return c.json({ ok: true, peer: service.id, proof: proofOf(token, challenge, service.id) })
  })
  app.doc('/openapi.json', { openapi: '3.1.0', info: { title: 'Shoal peer', version } })

  app.openapi(routes.submit, async c => c.json(await service.submit(c.req.valid('json')), 200))
  app.openapi(routes.jobs, async c => c.json({ jobs: await service.jobs() }, 200))
  app.openapi(routes.job, async c => c.json({ ...(await service.job(c.req.valid('param').id)) }, 200))
  app.openapi(routes.history, async c =>
    c.json({ history: await service.history(c.req.valid('param').id) }, 200)
  )
  app.openapi(routes.source, async c => c.json(await service.source(c.req.valid('param').id), 200))
  app.openapi(routes.bids, async c => c.json({ rounds: await service.bids(c.req.valid('param').id) }, 200))
  app.openapi(routes.audit, async c => c.json({ ...(await service.audit(c.req.valid('param').id)) }, 200))
  app.openapi(routes.cancel, async c => c.json({ ...(await service.cancel(c.req.valid('param').id)) }, 200))
  app.openapi(routes.get, async c =>
    c.json(await service.get(c.req.valid('param').id, c.req.valid('json')), 200)
  )
  app.openapi(routes.logs, async c => {
    const { from, follow } = c.req.valid('query')
    return streamLogs(c, service, await service.find(c.req.valid('param').id), from, follow === '1')
  })
  app.openapi(routes.events, async c => streamJob(c, service, await service.find(c.req.valid('param').id)))
  app.openapi(routes.guests, async c => streamSeat(c, service, c.req.valid('query')))
  app.openapi(routes.status, async c => c.json({ ...(await service.status()) }, 200))
  app.openapi(routes.peers, async c => c.json(await service.peers(), 200))
  app.openapi(routes.forgive, async c => c.json(await service.forgive(c.req.valid('json').peer), 200))
  app.openapi(routes.offers, async c => c.json(await service.offers(), 200))
  app.openapi(routes.executions, async c => c.json({ executions: await service.executions() }, 200))
  app.openapi(routes.disputes, async c => c.json({ disputes: await service.disputes() }, 200))
  app.openapi(routes.rule, async c =>
    c.json({ ...(await service.rule(c.req.valid('param').id, c.req.valid('json'))) }, 200)
  )
  app.openapi(routes.pause, async c => c.json(await service.pause(c.req.valid('json').for), 200))
  app.openapi(routes.resume, async c => c.json(await service.resume(), 200))
  app.openapi(routes.wallet, async c => c.json(await service.wallet(), 200))
  app.openapi(routes.deposit, async c =>
    c.json(await service.deposit({ ...c.req.valid('json'), signal: c.req.raw.signal }), 200)
  )
  app.openapi(routes.withdraw, async c =>
    c.json(await service.withdraw({ ...c.req.valid('json'), signal: c.req.raw.signal }), 200)
  )
  app.openapi(routes.protect, async c => {
    const { beneficiary, limit, owner } = c.req.valid('json')
    return c.json(await service.protect(beneficiary, limit, owner), 200)
  })
  return app
}
