/**
 * What may be held against a peer: acts that only an attacker's program produces, by a code that travels and is stored. Being slow,
 * busy, late, full, restarted, of another version or gone is on no list: it costs a peer nothing but our patience.
 */

/** How much one act weighs. `once`: one is enough for a ban. `few`: four within some minutes are; a single one may be a broken machine. */
export type EvidenceWeight = 'once' | 'few'

interface Kind {
  readonly weight: EvidenceWeight
  /** What the peer has sent, for people; completes "it has sent". */
  readonly words: string
}

/** Codes are added here and nowhere else. */
export const evidenceKinds = {
  // bytes that none of the libraries writes
  'broken-frame': { weight: 'few', words: 'frames of the multiplexer that break its rules' },
  'huge-frame': { weight: 'once', words: 'a frame above every window' },
  'broken-packet': { weight: 'few', words: 'gossip packets that no program packs' },
  'huge-packet': { weight: 'once', words: 'a gossip packet above every limit' },
  'broken-dht-message': { weight: 'few', words: 'messages of the DHT that cannot be read' },
  'broken-request': { weight: 'few', words: 'requests that cannot be read' },
  'crumbled-request': { weight: 'few', words: 'requests in crumbs' },
  'broken-answer': { weight: 'few', words: 'answers that cannot be read' },
  // names and signatures that are not the sender's to use
  'forged-gossip': { weight: 'few', words: 'gossip messages that their author did not sign' },
  'forged-record': { weight: 'few', words: 'records that are none, or that their owner did not sign' },
  'forged-dht-record': { weight: 'few', words: 'DHT records that their owner did not sign' },
  'foreign-dht-record': { weight: 'few', words: 'DHT records of a kind that this network does not have' },
  'foreign-provider': { weight: 'few', words: 'announcements in the name of other peers' },
  'false-signature': { weight: 'few', words: 'a wrong signature under what it agreed to' },
  // floods: many times what the busiest honest program sends, see src/p2p/guards/limits.ts
  'frame-flood': { weight: 'once', words: 'a flood of frames' },
  'stream-flood': { weight: 'once', words: 'a flood of streams' },
  'gossip-flood': { weight: 'once', words: 'a flood of gossip' },
  'dht-flood': { weight: 'once', words: 'a flood of DHT messages' },
  'block-flood': { weight: 'once', words: 'a flood of wants for blocks' },
  'request-flood': { weight: 'once', words: 'a flood of requests' },
  'stranger-flood': { weight: 'once', words: 'a flood of questions about agreements that were never made' }
} as const satisfies Readonly<Record<string, Kind>>

export type EvidenceKind = keyof typeof evidenceKinds

/** The code of bans that an older version has written without any evidence. */
export const UNRECORDED = 'unrecorded'

/** What was seen is stored and told in so many characters, of these: some of it are a stranger's own words. */
export const SEEN_MAX = 120
export const PRINTABLE = /^[\x20-\x7e]*$/
export const printable = (seen: string): string => seen.replace(/[^\x20-\x7e]/g, '?').slice(0, SEEN_MAX)

export const isEvidenceKind = (code: string): code is EvidenceKind => Object.hasOwn(evidenceKinds, code)

/** A code in words that complete "it has sent"; a code of another version stays as it is. */
export function evidenceWords(code: string): string {
  if (code === UNRECORDED) return 'something that an older version did not write down'
  return isEvidenceKind(code) ? evidenceKinds[code].words : code
}
