/** Bodies and parameters of the local API; the OpenAPI description is made from them. */
import { z } from '@hono/zod-openapi'
import { SOURCE_MAX } from '../peer/jobfile/limits.ts'

const hexAddress = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hex digits')
const jobId = z.string().regex(/^0x[0-9a-f]{6,64}$/, 'a job id: 0x and at least 6 hex digits')

/** Without `for` a pause has no end. */
export const pauseBody = z.strictObject({
  /** Milliseconds. */
  for: z
    .number()
    .int()
    .min(1_000)
    .max(366 * 86_400_000)
    .optional()
})

export const idParam = z.object({
  id: jobId.openapi({
    param: { name: 'id', in: 'path' },
    description: 'Job id, or a beginning that is unique.'
  })
})

export const submitBody = z
  .strictObject({
    /** Text of the job file. */
    file: z.string().max(SOURCE_MAX),
    /** Its name, for messages. */
    path: z.string().max(4096),
    /** Folder that paths in it are relative to. */
    folder: z.string().max(4096),
    /** Dotted keys that win over the file. */
    overrides: z.record(z.string(), z.unknown()).default({}),
    /** Result folder; `{id}` becomes the job's short id. */
    out: z.string().max(4096),
    /** Seconds on top of the wall limit until an undelivered execution is refunded. */
    deliverMargin: z.number().int().min(5).max(86_400).optional(),
    /** Only the first shard, to see what it costs and how long it takes. */
    probe: z.boolean().optional(),
    challengeSeconds: z.number().int().min(5).max(86_400).optional(),
    /** Nobody waits for it: a peer that lasts as long as a command stays until this job has ended. */
    left: z.boolean().optional()
  })
  .openapi('Submit')

export const amountBody = z
  .strictObject({
    amount: z.string(),
    to: hexAddress.optional(),
    /** Another one although an equal one is under way, or has ended without anybody having heard of it. */
    again: z.boolean().optional()
  })
  .openapi('Amount')
export const disputeParam = z.object({
  id: z
    .string()
    .regex(/^0x[0-9a-f]{6,64}$/, 'an agreement: 0x and at least 6 hex digits')
    .openapi({
      param: { name: 'id', in: 'path' },
      description: 'The disputed agreement, or a beginning that is unique.'
    })
})
const share = z.number().int().min(0).max(10_000)
/** Basis points: the provider's share of what it claims, and what of its bond it loses. */
export const ruleBody = z.strictObject({ providerBps: share, slashBps: share }).openapi('Rule')
export const guardBody = z
  .strictObject({
    /** The zero address removes a guard, which only its beneficiary can (with `owner`). */
    beneficiary: hexAddress,
    /** What may go elsewhere in one day (UTC). */
    limit: z.string(),
    /** Whose guard; default: the peer's own. */
    owner: hexAddress.optional()
  })
  .openapi('Guard')
export const forgiveBody = z
  .strictObject({
    peer: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{1,128}$/, 'a peer id, as shoal peers shows it')
  })
  .openapi('Forgive')
/** A command that says that it uses this peer. */
export const guestQuery = z.object({
  what: z.string().regex(/^[a-z-]{1,32}$/, 'the name of a command'),
  pid: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31)
})
export const outBody = z
  .strictObject({
    out: z.string().max(4096),
    /** What each shard wrote, as it came: nothing joined, nothing left out; also of a part of the shards. */
    raw: z.boolean().default(false)
  })
  .openapi('Get')
export const fromQuery = z.object({
  from: z.coerce.number().int().min(0).default(0),
  follow: z.enum(['0', '1']).default('0')
})

export const errorBody = z
  .object({ error: z.object({ code: z.string(), message: z.string(), next: z.string().optional() }) })
  .openapi('Error')
/** Views are documented in src/peer/views.ts; here they are free-form objects. */
export const anyObject = z.record(z.string(), z.unknown())
