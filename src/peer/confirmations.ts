/** How deep an opening must lie before work begins: a reorganisation may take back what is younger. */
import type { PeerContext } from './context.ts'

/** Where neither the owner nor the network's file says otherwise. */
const CONFIRMATIONS = 2

/** Blocks. The owner's word, else that of the network's file (an embedded chain is written by one process and says 0), else two. */
export const confirmationsOf = ({ config, settlement }: Pick<PeerContext, 'config' | 'settlement'>): number =>
  config.chain.confirmations ?? settlement.network.confirmations ?? CONFIRMATIONS

const NOT_DEEP = 'the opening is not deep enough yet'

/** A provider's answer to a start that comes before the opening is deep. */
export const notDeep = (confirmations: number): string => `${NOT_DEEP}: ${confirmations} blocks`

/** Whether a start was refused for that alone: then it is tried again. */
export const isNotDeep = (reason: string | undefined): boolean => reason?.startsWith(NOT_DEEP) === true
