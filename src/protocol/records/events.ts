/** What a provider tells the requester about one execution, as it happens. `seq` counts from 1; a requester resumes after the last it has. */
import { z } from 'zod'
import { bps, record, text, timestamp, uint } from '../fields.ts'
import { LOG_LINE_MAX } from '../limits.ts'
import { checkpoint, failure, result } from './delivery.ts'

const head = { seq: uint(), at: timestamp }

export const executionEvent = z.discriminatedUnion('kind', [
  /** Keeps the lease; carries no new fact. Its seq is that of the newest event. */
  record({ ...head, kind: z.literal('heartbeat'), progress: bps }),
  record({ ...head, kind: z.literal('fetching') }),
  record({ ...head, kind: z.literal('running') }),
  record({ ...head, kind: z.literal('progress'), progress: bps, note: text.optional() }),
  record({
    ...head,
    kind: z.literal('log'),
    stream: z.enum(['out', 'err']),
    line: z.string().max(LOG_LINE_MAX)
  }),
  record({ ...head, kind: z.literal('checkpoint'), checkpoint }),
  record({ ...head, kind: z.literal('result'), result }),
  /** Final: the task ended by its own fault; what was metered is to be paid. */
  record({ ...head, kind: z.literal('task-failed'), failure }),
  /** Final: the provider gave up, or stopped for a reason that is no fault of the task. */
  record({ ...head, kind: z.literal('failed'), code: text, reason: text })
])
export type ExecutionEvent = z.output<typeof executionEvent>
