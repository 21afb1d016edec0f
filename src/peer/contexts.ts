/** The contexts that sealed objects are bound to: an object of one job or agreement never opens in another's place. */
import { fromHex } from '../protocol/codec.ts'
import type { AgreementId, JobId } from '../protocol/ids.ts'
import { contextOf } from './hashing.ts'

export const contexts = {
  module: (job: JobId) => contextOf('module', job),
  input: (job: JobId, shard: number) => contextOf('input', job, shard),
  gather: (job: JobId) => contextOf('gather', job),
  spec: (agreement: AgreementId) => contextOf('spec', agreement),
  checkpoint: (agreement: AgreementId, sequence: number) => contextOf('checkpoint', agreement, sequence),
  result: (agreement: AgreementId) => contextOf('result', agreement),
  /** Content keys wrapped to an arbiter. */
  evidence: (agreement: AgreementId) => contextOf('evidence', agreement)
} as const

/** Seeds a task's randomness: job and shard and nothing else, so that every peer gets the same. */
export const seedOf = (job: JobId, shard: number): Uint8Array => contextOf('seed', job, shard)

export { fromHex }
