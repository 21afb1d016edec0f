/**
 * Entries as version 1 wrote them, and how they are taken up: what was agreed then is ended or refunded, nothing new is begun under it. In
 * version 1 an execution's work and pay followed what messages said of progress; such an entry earns nothing more for checkpoints.
 */
import { z } from 'zod'
import { bps, bytes, cid, hex32, record, signature, text, uint } from '../../../protocol/fields.ts'
import { checkpoint, type Checkpoint } from '../../../protocol/records/delivery.ts'
import type { Hex32 } from '../../../protocol/ids.ts'
import { compareRule } from '../../../protocol/records/compare.ts'
import { imageNeed } from '../../../protocol/records/container.ts'
import type { JobCommon } from '../../../protocol/records/spec.ts'
import {
  executionEntry,
  jobEntry,
  jobPlan,
  providerEntry,
  type ExecutionEntry,
  type JobEntry,
  type ProviderEntry
} from '../entries.ts'
import { earlierCommon, type EarlierCommon } from './records.ts'

const earlierPlan = jobPlan.omit({ common: true }).extend({
  common: earlierCommon,
  engineVersion: text.optional(),
  diskBytes: uint(),
  gpuMemoryBytes: uint().optional(),
  image: imageNeed.optional()
})
export const earlierJob = jobEntry
  .omit({ v: true, plan: true })
  .extend({ v: z.literal(1), plan: earlierPlan })
type EarlierJob = z.output<typeof earlierJob>

const earlierCheckpoint = checkpoint.omit({ v: true, handover: true }).extend({ v: z.literal(1) })
type EarlierCheckpoint = z.output<typeof earlierCheckpoint>

export const earlierExecution = executionEntry
  .omit({ v: true, bought: true, speed: true, startedAt: true, taskFailure: true, resumedFrom: true })
  .omit({ checkpoint: true, tried: true, fast: true })
  .extend({
    v: z.literal(1),
    requesterSignature: signature,
    checkpoint: earlierCheckpoint.optional(),
    resumedFrom: record({
      attempt: uint(),
      checkpoint: earlierCheckpoint,
      context: hex32,
      key: bytes(32)
    }).optional()
  })
type EarlierExecution = z.output<typeof earlierExecution>

export const earlierProvision = providerEntry
  .omit({ v: true, needs: true, bought: true, speed: true, startedAt: true, resultOwn: true })
  .omit({ taskFailure: true, task: true, checkpoint: true })
  .extend({
    v: z.literal(1),
    checkpoint: earlierCheckpoint.optional(),
    requesterSignature: signature.optional(),
    gpuMemoryBytes: uint().optional(),
    engine: text,
    compare: compareRule.optional(),
    resume: bps,
    task: record({
      spec: record({ cid, wrapped: bytes(32, 256) }),
      resume: record({ checkpoint: earlierCheckpoint, wrapped: bytes(32, 256), context: hex32 }).optional()
    }).optional()
  })
type EarlierProvision = z.output<typeof earlierProvision>

function commonOf(common: EarlierCommon, plan: EarlierJob['plan']): JobCommon {
  const { v: _, engine, limits, compare, ...rest } = common
  return {
    ...rest,
    v: 2,
    needs: {
      engine,
      engineVersion: plan.engineVersion,
      ...limits,
      diskBytes: plan.diskBytes,
      gpuMemoryBytes: plan.gpuMemoryBytes,
      image: plan.image,
      compare
    }
  }
}

/** The job goes on: what it offers from now on stands under today's terms. */
export function jobOfEarlier(entry: EarlierJob): JobEntry {
  const { common, engineVersion: _v, diskBytes: _d, gpuMemoryBytes: _g, image: _i, ...plan } = entry.plan
  return { ...entry, v: 2, plan: { ...plan, common: commonOf(common, entry.plan) } }
}

const NOTHING = `0x${'00'.repeat(32)}` as Hex32

/** Its content is good to go on from; nobody is accused by it, since its signature names no handover. */
const checkpointOfEarlier = (c: EarlierCheckpoint): Checkpoint => ({ ...c, v: 2, handover: NOTHING })

/** Nothing is known of what its price buys: it is paid for its result, or by the receipts that it has. */
export function executionOfEarlier(entry: EarlierExecution): ExecutionEntry {
  const { requesterSignature: _, resumedFrom, checkpoint: last, ...rest } = entry
  return {
    ...rest,
    v: 2,
    bought: 0n,
    speed: 0n,
    checkpoint: last === undefined ? undefined : checkpointOfEarlier(last),
    resumedFrom:
      resumedFrom === undefined
        ? undefined
        : { ...resumedFrom, checkpoint: checkpointOfEarlier(resumedFrom.checkpoint), used: 0n }
  }
}

/** Without the terms that it would have to run under, its work is not taken up; its money is waited for as before. */
export function provisionOfEarlier(entry: EarlierProvision): ProviderEntry {
  const { requesterSignature: _s, gpuMemoryBytes: _g, engine: _e, compare: _c, resume: _r, ...known } = entry
  const { task: _t, checkpoint: _p, ...rest } = known
  return { ...rest, v: 2, bought: 0n, speed: 0n }
}
