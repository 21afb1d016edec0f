/** What the network knows of its own state: for status, doctor, and for whoever asks why nothing comes. */
import type { PeerIdString } from '../ids.ts'

/** A ban, ours or one against us. Wall clock, ms since 1970. */
export interface BanView {
  readonly peer: PeerIdString
  /** A code of src/protocol/evidence.ts; one that a peer of another version told may be unknown here. */
  readonly kind: string
  /** The code in words, which complete "it has sent". */
  readonly words: string
  /** What was seen, as it was noted; empty when nothing was. */
  readonly seen: string
  readonly at: number
  readonly until: number
  /** How many bans of this peer there were, this one included. */
  readonly times: number
}

export interface BootstrapView {
  /** Peers to begin with, as configured. */
  readonly known: number
  /** Of those, how many have answered since the start. */
  readonly answered: number
  /** Of those, how many are connected now. */
  readonly connected: number
}

export interface NetworkHealth {
  /** Acts that only an attacker's program produces, by code, since the start. 0 of everything under honest load. */
  readonly offences: Readonly<Record<string, number>>
  /** How often a budget was used up and something was dropped or put off, by what; no offence. */
  readonly limited: Readonly<Record<string, number>>
  /** Bans that we have made and that hold. */
  readonly bans: readonly BanView[]
  /** Bans against us of which their makers have told. */
  readonly bannedBy: readonly BanView[]
  /** Codes that ban nobody for now: several well-behaved peers met them at once, so it is our measure that is wrong. */
  readonly doubted: readonly string[]
  /** Own troubles of the last minute; while they last nothing is held against others that they may explain. */
  readonly troubles: readonly string[]
  readonly bootstrap: BootstrapView
  /** Connected peers of this network that speak another version of what buying and selling needs, so that the two do not deal. */
  readonly otherVersions: number
}
