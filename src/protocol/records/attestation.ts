/** What one peer has seen another do: the score of an answered challenge, signed by the challenger's network identity. */
import { z } from 'zod'
import { bytes, peerId, record, timestamp, uint } from '../fields.ts'
import { nodeClass } from './node-class.ts'

/** What was challenged. */
export const capacityKind = z.enum(['cpu', 'gpu', 'memory', 'disk', 'network'])
export type CapacityKind = z.output<typeof capacityKind>

/** Attestations in one advert: two of each kind, and two more. */
export const ATTESTATIONS_MAX = 12

export const attestationBody = record({
  v: z.literal(1),
  subject: peerId,
  challenger: peerId,
  kind: capacityKind,
  /**
   * cpu, gpu: million multiply-adds a second, over all lanes, round trip and start-up included. memory: MiB held. disk: KiB a second
   * read, written again, flushed and read back. network: KiB a second in the slower direction.
   */
  score: uint(),
  /** The class that this score reached by the challenger's rules. */
  class: nodeClass,
  /** Runs at the same time that the subject spread the work over. */
  lanes: uint(4096),
  /** Identities that were challenged at the same instant, the subject among them. */
  together: uint(64),
  at: timestamp,
  expires: timestamp
})
export type AttestationBody = z.output<typeof attestationBody>

export const attestation = attestationBody.extend({ signature: bytes(64) })
export type Attestation = z.output<typeof attestation>
