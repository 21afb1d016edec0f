/** What one side of a disputed agreement lays before its arbiter. Content stays sealed: its keys are wrapped to the arbiter alone. */
import { z } from 'zod'
import { digestOf, encode } from '../codec.ts'
import { addresses, bytes, cid, hex32, record } from '../fields.ts'
import type { Address, Hex32 } from '../ids.ts'
import { agreement, signedHandover } from './agreement.ts'
import { peerCard } from './card.ts'
import { checkpoint, failure, result } from './delivery.ts'

const wrapped = bytes(32, 256)

export const evidence = record({
  v: z.literal(1),
  /** Who speaks: binds the peer that sends this to the operator that signed the agreement. */
  card: peerCard,
  agreement,
  /** What was handed over, as the requester signed it. Both sides have it. */
  handover: signedHandover.optional(),
  /** Of the requester: the sealed spec, which names module and input. */
  spec: record({ cid, wrapped }).optional(),
  /** Of the requester: the checkpoint that the attempt began from, where it began from one, and the context that it is sealed in. */
  resume: record({ checkpoint, wrapped, context: hex32 }).optional(),
  /** Of the provider: what it committed on the chain. */
  result: record({ result, wrapped }).optional(),
  failure: failure.optional(),
  /** Of the requester, when nothing was delivered: the checkpoint that it paid for and doubts, and the card of the provider that signed it. */
  doubted: record({ checkpoint, by: peerCard }).optional(),
  /** Where the sender's content can be fetched. */
  addresses
})
export type Evidence = z.output<typeof evidence>

/** A result that the requester says it never got, and that is right: sealed as it was, its key wrapped to the requester. The arbiter keeps it. */
export const handed = record({ result, wrapped })
export type Handed = z.output<typeof handed>

/** What an arbiter does with a dispute, as the two sides may know it. */
export const caseState = z.enum(['waiting', 'judging', 'decided', 'ruled', 'left'])
export type CaseState = z.output<typeof caseState>

/** The key under which an arbiter is found in the DHT. */
export const arbiterKey = (operator: Address): Hex32 => digestOf(encode({ arbiter: operator.toLowerCase() }))
