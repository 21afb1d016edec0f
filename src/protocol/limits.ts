/** Every limit on what may come from outside, in one place. Sizes in bytes, times in milliseconds unless named otherwise. */

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

/** Gossip: small, expiring. An advert with its card measures about 900 bytes, one with all attestations and GPUs 6 KiB, an offer about 1 KiB. */
export const GOSSIP_MESSAGE_MAX = 8 * KiB
/** Records on request streams: a bid set of 64 bids with cards stays below this. */
export const RECORD_MAX = 16 * KiB
/** Longest list in any record. */
export const LIST_MAX = 128
/** Longest text field (names, notes). */
export const TEXT_MAX = 256
/** One log line as it travels. */
export const LOG_LINE_MAX = 8 * KiB
/** Addresses in a card. */
export const ADDRESSES_MAX = 16
/** Shards of one job: each has its own escrow. */
export const SHARDS_MAX = 1024
/** Jobs that one requester has under way at the same time: each has its own offers, streams and escrows. */
export const LIVE_JOBS_MAX = 64
/** Copies of a `replicas` job. */
export const COPIES_MAX = 7
/** Sealed spec: module CID, names, arguments. */
export const SPEC_MAX = 64 * KiB
/** Furthest expiry that a record may claim: an hour for offers and bids, a day for cards. */
export const OFFER_TTL_MAX = 60 * 60_000
export const ADVERT_TTL_MAX = 10 * 60_000
export const CARD_TTL_MAX = 24 * 60 * 60_000
export const ATTESTATION_TTL_MAX = 24 * 60 * 60_000
/** Longest ban of a peer. */
export const BAN_MAX_MS = 24 * 60 * 60_000
/** How far a record's time may lie ahead of ours: peers' clocks differ. */
export const CLOCK_SKEW = 30_000
/** Deepest nesting of a decoded record: ours need four. */
export const DEPTH_MAX = 12
/** Rows of the largest matrix in a challenge, and rows of the product that are opened: 32 of 8 KiB fit a frame. */
export const MATRIX_MAX = 2048
export const ROWS_MAX = 32
/** Products in a row of one GPU challenge: with matrices of 2048 rows 2 * 10^12 multiply-adds. */
export const STEPS_MAX = 256
/** Largest data set that a challenge of memory or disk has filled, MiB. */
export const HOARD_MAX = 4_096
/** Its blocks, bytes; those that are asked for, and those that each is made of; and the hashes above one: 2^20 blocks. */
export const BLOCK = 4 * KiB
export const SAMPLES = 12
export const SOURCES = 7
export const PATH_MAX = 32 * 20
/** Largest stream of a network challenge, MiB in each direction, and its pieces. */
export const FLOW_MAX = 32
export const PIECE = 256 * KiB
