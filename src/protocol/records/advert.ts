/** What a provider offers right now: gossiped on the topic of its class, on change and on a slow beat. */
import { z } from 'zod'
import { amount, bytes, record, text, timestamp, uint } from '../fields.ts'
import { ATTESTATIONS_MAX, attestation } from './attestation.ts'
import { peerCard } from './card.ts'
import { containerOffer } from './container.ts'
import { gpuOffer, GPUS_MAX } from './gpu.ts'
import { nodeClass } from './node-class.ts'

export { nodeClass, type NodeClass } from './node-class.ts'

export const engineOffer = record({
  id: text,
  version: text,
  isolation: z.enum(['process', 'sandbox']),
  /** Measured billing units per second (gas/s for wasm). */
  speed: amount,
  /** Ask of this engine per 10^9 units, when it differs from the advert's. */
  ask: amount.optional()
})
export type EngineOffer = z.output<typeof engineOffer>

export const advertBody = record({
  v: z.literal(1),
  card: peerCard,
  seq: uint(),
  class: nodeClass,
  engines: z.array(engineOffer).max(8),
  slotsFree: uint(4096),
  slotsTotal: uint(4096),
  memoryBytes: uint(),
  diskBytes: uint(),
  /** Ask per 10^9 billing units. */
  ask: amount,
  region: text,
  energy: z.enum(['unknown', 'grid', 'renewable']),
  /** Absent when there are none to lease. */
  gpus: z.array(gpuOffer).max(GPUS_MAX).optional(),
  /** Which images the engine `container` runs; absent when it is not on offer. */
  containers: containerOffer.optional(),
  /** The class above follows from these; absent when there are none. */
  attestations: z.array(attestation).max(ATTESTATIONS_MAX).optional(),
  issued: timestamp,
  expires: timestamp
})
export type AdvertBody = z.output<typeof advertBody>

export const capacityAdvert = advertBody.extend({ signature: bytes(64) })
export type CapacityAdvert = z.output<typeof capacityAdvert>
