/**
 * One error type for the whole program. The code says what happened (stable, usable as a metric label), `data` carries the
 * facts, `next` tells a person what to do. A plain `Error` means that we made a mistake.
 */

/** Who can do something about it. */
export type Fault =
  | 'user'
  | 'config'
  | 'funds'
  | 'network'
  | 'peer'
  | 'chain'
  | 'timeout'
  | 'task'
  | 'disk'
  | 'cancelled'
  | 'internal'

/** Code to who is at fault. Codes are added here and nowhere else. */
export const faults = {
  // the person at the keyboard
  USAGE: 'user',
  JOB_FILE_INVALID: 'user',
  FILE_NOT_FOUND: 'user',
  FILE_TOO_LARGE: 'user',
  OUTPUT_EXISTS: 'user',
  NOT_FOUND: 'user',
  NOT_CONFIRMED: 'user',
  PATH_INVALID: 'user',
  // configuration and keys
  CONFIG_INVALID: 'config',
  HOME_NOT_INITIALISED: 'config',
  HOME_EXISTS: 'config',
  HOME_LOCKED: 'config',
  HOME_VERSION: 'config',
  PASSPHRASE_MISSING: 'config',
  PASSPHRASE_WRONG: 'config',
  PORT_IN_USE: 'config',
  API_UNREACHABLE: 'config',
  API_REFUSED: 'config',
  ENGINE_MISSING: 'config',
  ENGINE_INSTALL: 'config',
  // money
  FUNDS_LOW: 'funds',
  PRICE_TOO_LOW: 'funds',
  WITHDRAW_LIMIT: 'funds',
  // network and peers
  NO_BIDS: 'network',
  NO_PEERS: 'network',
  PEER_UNREACHABLE: 'network',
  PEER_REFUSED: 'peer',
  PEER_VIOLATION: 'peer',
  QUOTA_EXCEEDED: 'peer',
  RECORD_INVALID: 'peer',
  SIGNATURE_INVALID: 'peer',
  FRAME_TOO_LARGE: 'peer',
  CONTENT_NOT_FOUND: 'network',
  CONTENT_CORRUPT: 'peer',
  CONTENT_TOO_LARGE: 'peer',
  RESULT_MISMATCH: 'peer',
  TERMS_DIFFER: 'peer',
  TERMS_REFUSED: 'peer',
  NOT_NOW: 'peer',
  RECEIPT_MISSING: 'peer',
  // chain
  CHAIN_UNREACHABLE: 'chain',
  CHAIN_WRONG_NETWORK: 'chain',
  CHAIN_REVERTED: 'chain',
  CHAIN_NOT_DEPLOYED: 'chain',
  CHAIN_OLD_GENERATION: 'chain',
  // waits, one for each
  MATCH_TIMEOUT: 'timeout',
  FUND_TIMEOUT: 'timeout',
  START_TIMEOUT: 'timeout',
  RUN_TIMEOUT: 'timeout',
  DELIVER_TIMEOUT: 'timeout',
  VERIFY_TIMEOUT: 'timeout',
  GATHER_TIMEOUT: 'timeout',
  SETTLE_TIMEOUT: 'timeout',
  LEASE_MISSED: 'timeout',
  TIME_SHORT: 'timeout',
  REQUEST_TIMEOUT: 'timeout',
  DIAL_TIMEOUT: 'timeout',
  STOP_TIMEOUT: 'timeout',
  // the task itself
  MODULE_INVALID: 'task',
  MODULE_IMPORT: 'task',
  ARGS_INVALID: 'task',
  TASK_FAILED: 'task',
  TASK_TRAP: 'task',
  LIMIT_GAS: 'task',
  LIMIT_MEMORY: 'task',
  LIMIT_WALL: 'task',
  LIMIT_OUTPUT: 'task',
  LIMIT_LOG: 'task',
  LIMIT_MODULE: 'task',
  LIMIT_STACK: 'task',
  LIMIT_INPUT: 'task',
  OUTPUT_MISSING: 'task',
  ENGINE_UNKNOWN: 'task',
  ENGINE_BROKEN: 'internal',
  ATTEMPTS_EXHAUSTED: 'task',
  // the machine
  DISK_FULL: 'disk',
  DISK_ERROR: 'disk',
  JOURNAL_CORRUPT: 'disk',
  OWN_TROUBLE: 'disk',
  CANCELLED: 'cancelled',
  INVALID_TRANSITION: 'internal'
} as const satisfies Record<string, Fault>

export type ErrorCode = keyof typeof faults

/** Facts that go with an error: small, printable. */
export type ErrorData = Readonly<Record<string, string | number | bigint | boolean | undefined>>

export class ShoalError extends Error {
  readonly code: ErrorCode
  readonly data: ErrorData
  /** What the person can do about it, as a full sentence or a command. */
  readonly next: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { data?: ErrorData; next?: string; cause?: unknown } = {}
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ShoalError'
    this.code = code
    this.data = options.data ?? {}
    this.next = options.next
  }

  get fault(): Fault {
    return faults[this.code]
  }
}

export const isShoalError = (e: unknown, ...codes: ErrorCode[]): e is ShoalError =>
  e instanceof ShoalError && (codes.length === 0 || codes.includes(e.code))

/** Any thrown value as an error of ours; unknown ones keep their message and become `fallback`. */
export function asShoalError(e: unknown, fallback: ErrorCode): ShoalError {
  if (e instanceof ShoalError) return e
  const message = e instanceof Error ? e.message : String(e)
  return new ShoalError(fallback, message.slice(0, 500), { cause: e })
}
