/**
 * How a peer shows that it is the one that wrote api.json, before anybody sends it the token: a stranger that took the port of a killed peer
 * answers too, but cannot make this out of a challenge that it sees for the first time.
 */
import { createHmac } from 'node:crypto'

/** 32 random bytes as hex. */
export const CHALLENGE = /^[0-9a-f]{64}$/

/** What a peer of this id answers to a challenge (HMAC-SHA-256 under the token; says nothing about the token itself). */
export const proofOf = (token: string, challenge: string, peer: string): string =>
  createHmac('sha256', token).update(`shoal api ${challenge} ${peer}`).digest('hex')
