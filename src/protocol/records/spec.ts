/** What is to be run. JobCommon is the same for all shards (its hash is in the offer); ShardSpec is what one provider gets, sealed. */
import { z } from 'zod'
import { bytes, cid, hex32, record, text, uint } from '../fields.ts'
import { SHARDS_MAX } from '../limits.ts'
import { ARGUMENT_MAX, ARGUMENTS_MAX, VARIABLE_NAME_MAX } from '../task-limits.ts'
import { needs } from './needs.ts'

/** A sealed object together with its key: only ever inside something that is itself sealed. */
export const objectRef = record({
  cid,
  key: bytes(32),
  /** Plaintext bytes. */
  size: uint(),
  /** sha-256 of the plaintext. */
  digest: hex32
})
export type ObjectRef = z.output<typeof objectRef>

export const jobCommon = record({
  v: z.literal(2),
  jobId: hex32,
  name: text,
  /** As in the offer: a spec that says otherwise is refused before any work. */
  needs,
  args: z.array(z.string().max(ARGUMENT_MAX)).max(ARGUMENTS_MAX),
  env: z.record(z.string().max(VARIABLE_NAME_MAX), z.string().max(ARGUMENT_MAX)),
  shards: uint(SHARDS_MAX),
  /** sha-256 of the module. */
  module: hex32
})
export type JobCommon = z.output<typeof jobCommon>

export const shardSpec = record({
  v: z.literal(1),
  common: jobCommon,
  shard: uint(SHARDS_MAX),
  module: objectRef,
  input: objectRef
})
export type ShardSpec = z.output<typeof shardSpec>
