/** All that a member says to others, by where it says it: messages both ways, gossip, what it seals for others, and its calls on the chain. */
import { z } from 'zod'
import { methods, type MethodName } from '../../src/protocol/methods.ts'
import { amount, bps, hex32 } from '../../src/protocol/fields.ts'
import { agreement, signedReceipt, signedRelease } from '../../src/protocol/records/agreement.ts'
import { capacityAdvert } from '../../src/protocol/records/advert.ts'
import { taskOffer } from '../../src/protocol/records/offer.ts'
import { shardSpec } from '../../src/protocol/records/spec.ts'

/** What the calls on the chain carry, beside the agreement that they are about. */
const calls = {
  open: z.strictObject({ agreement }),
  deliver: z.strictObject({ result: hex32, amount }),
  acknowledge: signedReceipt,
  refund: z.strictObject({ acknowledged: amount }),
  cancel: signedRelease,
  rule: z.strictObject({ providerBps: bps, slashBps: bps })
} as const
export type ChainCall = keyof typeof calls

/** Calls that nobody asked the liar to make, tried whenever the chain tells something, and every few seconds. */
export const unasked = ['dispute', 'refund', 'release', 'split', 'delegate'] as const
export type Unasked = (typeof unasked)[number]

/** The schema of each channel. */
export const channels: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ...Object.entries(methods).flatMap(([name, m]): [string, z.ZodType][] => [
    [`request:${name}`, m.request as unknown as z.ZodType],
    [`response:${name}`, m.response as unknown as z.ZodType]
  ]),
  ['gossip:offers', taskOffer],
  ['gossip:adverts', capacityAdvert],
  ['sealed:spec', shardSpec],
  ...Object.entries(calls).map(([name, schema]): [string, z.ZodType] => [`chain:${name}`, schema])
])

/** Methods that move no money and give no work: test:claims lies on those that prove capacity, the network answers the others itself. */
const ELSEWHERE = new Set([
  ...['challenge', 'reveal', 'rewrite', 'show', 'flow', 'pour', 'attest'],
  'farewell'
])
/** Whether a channel is left to another suite. */
export const isOpen = (channel: string): boolean => ELSEWHERE.has(channel.split(':')[1] ?? '')

/**
 * Lies about a whole message, not about a field of it. `stalled`: it is sent at the last moment, whatever the liar's flows do meanwhile, and
 * nothing is ever called off; `abandoned`: it and all after it are never sent.
 */
export const wholes = ['dropped', 'late', 'last-moment', 'stalled', 'abandoned', 'twice', 'before'] as const
export type Whole = (typeof wholes)[number]

export const channelOf = (way: 'request' | 'response', method: MethodName): string => `${way}:${method}`
