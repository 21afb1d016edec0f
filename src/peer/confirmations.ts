/** How deep an opening must lie before work begins: a reorganisation may take back what is younger. */
import type { PeerContext } from './context.ts'

/** Where neither the owner nor the network's file says otherwise. */
const CONFIRMATIONS = 2

/** Blocks. The owner's word, else that of the network's file (an embedded chain is written by one process and says 0), else two. */
export const confirmationsOf = ({ config, settlement }: Pick<PeerContext, 'config' | 'settlement'>): number =>
  config.chain.confirmations ?? settlement.network.confirmations ?? CONFIRMATIONS

/** A provider's answer to a start that comes before the opening is deep; the start is tried again then. */
export const notDeep = (confirmations: number): string =>
  `the opening is not deep enough yet: ${confirmations} blocks`
