/** Who plays how. */
import type { Rules } from './rules.ts'

/** `honest`: runs our program. `adversary`: does anything that its keys allow, at any time, with whoever it likes. */
export type Player = 'honest' | 'adversary'

export interface Config {
  readonly name: string
  readonly requester: Player
  /** One agreement with each. */
  readonly providers: readonly Player[]
  /** `silent`, or one who may rule anything at any time in its window. */
  readonly arbiter: 'silent' | 'any'
  readonly tier: 'none' | 'replicas'
  /** How often an honest side may let a tick pass without doing what it should (crash, lost RPC). */
  readonly outages: number
  /** Ticks by which the second agreement's times lie later. */
  readonly later: number
  /** Ticks after which time stands still. */
  readonly ticks: number
}

export interface Game {
  readonly config: Config
  readonly rules: Rules
}

export const duelCount = (c: Config): number => c.providers.length
