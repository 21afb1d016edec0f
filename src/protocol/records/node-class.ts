/** Node classes, from the least to the most that is promised; which one a peer has follows from proven scores. */
import { z } from 'zod'

/** Gossip has one topic of adverts and one of offers for each. */
export const nodeClass = z.enum(['general', 'high-end', 'storage'])
export type NodeClass = z.output<typeof nodeClass>
