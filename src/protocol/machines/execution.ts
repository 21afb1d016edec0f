/** One attempt at one shard, as its requester sees it, and as its provider sees it. Terminal states say what became of the money. */
import type { EscrowOutcome } from '../ports/settlement.ts'
import type { Table } from './machine.ts'

export type ExecutionState =
  | 'awarded' // our signature is on the agreement
  | 'agreed' // so is the provider's; the escrow may be opened from here on
  | 'withdrawn' // opening failed, but our signature was on its way to the chain: anyone can still open it until `openBy`
  | 'open' // price and bond are locked
  | 'started' // the provider has the task
  | 'delivered' // a signed result arrived
  | 'accepted' // result checked; the receipt for the full price is signed
  | 'lost' // lease missed, task failed, superseded or unwanted: waiting for the escrow to close
  | 'disputed' // result refused; the arbiter or the split decides
  | 'declined' // never opened: no money was involved
  | 'settled'
  | 'refunded'
  | 'cancelled'
  | 'resolved' // ended by ruling or split

export type ExecutionMove =
  | 'agree'
  | 'decline'
  | 'withdraw'
  | 'open'
  | 'start'
  | 'deliver'
  | 'accept'
  | 'lose'
  | 'dispute'
  | 'closed-paid'
  | 'closed-refunded'
  | 'closed-cancelled'
  | 'closed-resolved'

/** However the escrow was closed, and whoever closed it, the chain has the last word. */
const closed = {
  'closed-paid': 'settled',
  'closed-refunded': 'refunded',
  'closed-cancelled': 'cancelled',
  'closed-resolved': 'resolved'
} as const

export const executionTable: Table<ExecutionState, ExecutionMove> = {
  awarded: { agree: 'agreed', decline: 'declined' },
  agreed: { open: 'open', withdraw: 'withdrawn', decline: 'declined', ...closed },
  withdrawn: { open: 'lost', decline: 'declined', ...closed },
  open: { start: 'started', deliver: 'delivered', lose: 'lost', ...closed },
  started: { deliver: 'delivered', lose: 'lost', ...closed },
  delivered: { accept: 'accepted', dispute: 'disputed', lose: 'lost', ...closed },
  accepted: { ...closed },
  /** A provider given up too early that delivered after all may still be accepted. */
  lost: { deliver: 'delivered', dispute: 'disputed', ...closed },
  /** An arbiter hands out a result that was withheld: it may still be accepted. */
  disputed: { deliver: 'delivered', ...closed },
  declined: {},
  settled: {},
  refunded: {},
  cancelled: {},
  resolved: {}
}

/** What the end of an escrow means to both machines. */
export const moveOf: {
  readonly [O in EscrowOutcome]: `closed-${'paid' | 'refunded' | 'cancelled' | 'resolved'}`
} = {
  accepted: 'closed-paid',
  released: 'closed-paid',
  refunded: 'closed-refunded',
  cancelled: 'closed-cancelled',
  ruled: 'closed-resolved',
  split: 'closed-resolved'
}

export type ProviderState =
  | 'agreed' // both signed; waiting for the escrow
  | 'started' // escrow seen open, task accepted, running or about to
  | 'finished' // result sealed; shown to the requester
  | 'delivered' // result committed on chain
  | 'failed' // task or machine failed; waiting for the escrow to close
  | 'expired' // never opened
  | 'paid'
  | 'refunded'
  | 'cancelled'
  | 'resolved'

export type ProviderMove =
  | 'start'
  | 'finish'
  | 'deliver'
  | 'fail'
  | 'expire'
  | 'closed-paid'
  | 'closed-refunded'
  | 'closed-cancelled'
  | 'closed-resolved'

const ended = {
  'closed-paid': 'paid',
  'closed-refunded': 'refunded',
  'closed-cancelled': 'cancelled',
  'closed-resolved': 'resolved'
} as const

export const providerTable: Table<ProviderState, ProviderMove> = {
  agreed: { start: 'started', expire: 'expired', fail: 'failed', ...ended },
  started: { finish: 'finished', fail: 'failed', ...ended },
  finished: { deliver: 'delivered', fail: 'failed', ...ended },
  delivered: { ...ended },
  failed: { ...ended },
  expired: {},
  paid: {},
  refunded: {},
  cancelled: {},
  resolved: {}
}
