/** When an escrow that the chain does not know is believed to be gone for good. */

/** Looks in a row after which it is not a lagging answer. */
export const GONE_LOOKS = 2
/** One RPC may lag behind another: that long after `openBy` a missing escrow will never be there, seconds. */
export const SURE_SECONDS = 30n
