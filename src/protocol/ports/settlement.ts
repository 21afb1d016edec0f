/** The chain as the peer sees it. Every action is idempotent: repeated after a crash it finds its own effect and returns. */
import type { Agreement, Receipt, Release } from '../eip712.ts'
import type { Address, AgreementId, Hex32, HexBytes } from '../ids.ts'
import type { ChainClock } from './chain-clock.ts'
import type { Startable } from './startable.ts'

/** Everything an account holds. `gas` is in wei, the rest in the token's smallest unit. */
export interface Account {
  readonly address: Address
  readonly gas: bigint
  /** Tokens outside the vault. */
  readonly wallet: bigint
  readonly free: bigint
  readonly locked: bigint
  readonly staked: bigint
}

/**
 * What an owner's key alone may withdraw in a day (UTC) to others than its guard's beneficiary; to that one there is no limit. It does not
 * bound what the key spends through agreements and stake.
 */
export interface Guard {
  readonly beneficiary: Address
  readonly dailyLimit: bigint
  /** What may still go today. */
  readonly left: bigint
}

/** Which contracts a network has: 2 are those of this program, 1 are older ones, on which what was begun is ended and nothing is begun. */
export type Generation = 1 | 2

/** The escrow of one agreement, as the contract keeps it. `closed` is final. */
export type EscrowState = 'none' | 'open' | 'delivered' | 'disputed' | 'closed'

/** How a closed agreement ended. */
export type EscrowOutcome = 'accepted' | 'released' | 'refunded' | 'cancelled' | 'ruled' | 'split'

export interface Escrow {
  readonly state: EscrowState
  /** Highest receipt amount that the contract has seen. */
  readonly acknowledged: bigint
  /** What the provider claims when it is less than the price; 0n: the whole price, once something is delivered. */
  readonly claim: bigint
  /** Seconds; 0 when it has not happened. */
  readonly deliveredAt: bigint
  readonly disputedAt: bigint
  /** How it ended, once it is closed. */
  readonly outcome?: EscrowOutcome
}

/** Where an event stands in the chain; ordered by block, then index. */
export interface ChainCursor {
  readonly block: number
  readonly index: number
}

export type SettlementEvent = {
  readonly cursor: ChainCursor
  readonly agreement: AgreementId
  readonly txHash: Hex32
} & (
  | { readonly kind: 'opened' }
  | { readonly kind: 'acknowledged'; readonly amount: bigint }
  /** `amount`: what the provider claims; undefined is the whole price (contracts of generation 1). */
  | { readonly kind: 'delivered'; readonly result: Hex32; readonly amount: bigint | undefined }
  | { readonly kind: 'disputed' }
  | {
      readonly kind: 'closed'
      readonly outcome: EscrowOutcome
      /** What the beneficiary got, what went into the fee, what returned to the requester, what of the bond was lost. */
      readonly paid: bigint
      readonly fee: bigint
      readonly refunded: bigint
      readonly bondSlashed: bigint
    }
)

/** Contract addresses and chain of one network. */
export interface NetworkParameters {
  readonly chainId: bigint
  readonly token: Address
  readonly vault: Address
  readonly escrow: Address
  readonly registry: Address
  /** Default arbiter of this network. */
  readonly arbiter: Address
  /** Protocol fee on every payment, in basis points. */
  readonly feeBps: number
  /** First block worth scanning. */
  readonly fromBlock: number
  /** Multiaddrs of peers to begin with, as whoever runs the network gives them. */
  readonly bootstrap?: readonly string[]
  /**
   * Blocks on top of an opening before work begins, as whoever runs the chain advises; absent where nobody does. An embedded chain says 0: one
   * process writes it, so nothing is reorganised.
   */
  readonly confirmations?: number
}

/** Events cannot be read. */
export interface Blindness {
  /** For how long already, milliseconds. */
  readonly ms: number
  /** What the RPC says. */
  readonly reason: string
}

/**
 * What a call on its way waits for. `mining`: a block that takes it. `fate`: its nonce is used, and no RPC shows by which transaction.
 * `outcome`: it is in a block, and no RPC tells whether it succeeded. `nonce-taken`: another program used its nonce, which must be final
 * before it is signed again. `fee-cap`: gas costs more than the owner allows. `refused`: the node does not take it. `gap`: an earlier
 * nonce of the account is missing.
 */
export type WaitKind = 'mining' | 'fate' | 'outcome' | 'nonce-taken' | 'fee-cap' | 'refused' | 'gap'

/** A call that is signed and not known to be mined. It goes on by itself, over restarts too. */
export interface ActionUnderWay {
  /** The contract's function, such as `withdraw`. */
  readonly what: string
  /** What it moves, for calls that move a bare amount. */
  readonly amount: bigint | undefined
  readonly nonce: number
  /** Newest signed form. */
  readonly hash: Hex32
  /** Milliseconds since 1970 by this machine's clock; undefined for one of an older version. */
  readonly since: number | undefined
  readonly waits: WaitKind
  /** For people: a clause that follows "it waits: ". */
  readonly reason: string
}

/** For calls that move a bare amount, which nothing on the chain tells apart from an equal one. */
export interface MoneyOptions extends CallOptions {
  /** Sends another one although an equal one is under way, or has ended without anybody having heard of it. */
  readonly again?: boolean
  /** Told when this call sends nothing itself: an equal one is under way, or has ended without anybody having heard of it. */
  readonly joined?: () => void
}

/** Limits what one call may take; every call also ends with CHAIN_UNREACHABLE when the RPC stays away past its own timeout. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface DepthOptions extends CallOptions {
  /** Blocks below the head; 0, the default, is the newest state. */
  readonly depth?: number
}

export interface Settlement extends Startable {
  readonly network: NetworkParameters
  readonly address: Address
  /** Of the network's contracts, once `start` has looked. */
  readonly generation: Generation | undefined
  /** False while the RPC does not answer; running jobs go on meanwhile. */
  readonly reachable: boolean
  /** The chain's time, for whoever must not trust this machine's. */
  readonly clock: ChainClock
  /**
   * How long a call takes from being sent to being seen in a block here, milliseconds: a moving, pessimistic estimate of this account's own
   * calls, and no less than the oldest of them waits now; before any was sent two block intervals. From 1 s to 10 min.
   */
  inclusionMs(): number
  /** Set while events have not been readable for half a minute or longer: jobs go on by looks at their escrows. */
  readonly blindness: Blindness | undefined
  account(address?: Address, options?: CallOptions): Promise<Account>
  /** The chain's own time in seconds (timestamp of the newest block, at least the last one seen). */
  time(options?: CallOptions): Promise<bigint>
  /**
   * Calls that are signed and not known to be mined, by nonce. An action whose call outlives it ends with SETTLE_TIMEOUT, and the call goes
   * on; repeated, the action joins it, also after a restart, until somebody has heard how it ended.
   */
  underWay(): readonly ActionUnderWay[]
  /** Moves tokens from the wallet into the vault. FUNDS_LOW when the wallet has less. */
  deposit(amount: bigint, options?: MoneyOptions): Promise<Hex32>
  /** Moves free balance out of the vault. FUNDS_LOW when less is free, WITHDRAW_LIMIT when the guard lets less go today. */
  withdraw(amount: bigint, to?: Address, options?: MoneyOptions): Promise<Hex32>
  /** The guard of an account (by default our own); undefined when it has none, or the contracts know none. */
  guard(address?: Address, options?: CallOptions): Promise<Guard | undefined>
  /**
   * Sets our own guard, which from then on only its beneficiary can change; or, as the beneficiary of the guard of `owner`, replaces that
   * one (the zero address removes it). CHAIN_REVERTED (NotGuardian) for everybody else, CHAIN_OLD_GENERATION when the contracts know no
   * guards.
   */
  protect(
    beneficiary: Address,
    dailyLimit: bigint,
    options?: CallOptions & { readonly owner?: Address }
  ): Promise<void>
  /**
   * As it stood `depth` blocks below the head; `none` when it was not there yet. Of a node that keeps no old states: as it stands now, if its
   * opening is that old.
   */
  escrow(id: AgreementId, options?: DepthOptions): Promise<Escrow>
  /**
   * Requester only: locks price, dispute bond and the provider's bond. FUNDS_LOW names the side that lacks money, CHAIN_OLD_GENERATION
   * when nothing new is opened on this network.
   */
  open(a: Agreement, providerSignature: HexBytes, options?: CallOptions): Promise<void>
  /**
   * Provider commits to a result, or to a proven failure, before `deliverBy`, and claims `amount`: more than what is acknowledged, at
   * most the price. CHAIN_OLD_GENERATION when it is not the price and the contracts know no other claim.
   */
  deliver(a: Agreement, result: Hex32, amount: bigint, options?: CallOptions): Promise<void>
  /**
   * Records the cumulative amount; pays out and closes at once when it is the full price, or when the requester sends it after a
   * delivery and it reaches the claim.
   */
  acknowledge(a: Agreement, receipt: Receipt, signature: HexBytes, options?: CallOptions): Promise<void>
  /** Pays after the challenge window; anyone may. */
  release(a: Agreement, options?: CallOptions): Promise<void>
  /**
   * Requester takes back what was not acknowledged, without delivery, later than the challenge window after `deliverBy`. `acknowledged`
   * is what the requester itself says it has acknowledged (it may only raise what the contract knows), so a provider that died is still paid.
   */
  refund(a: Agreement, acknowledged: bigint, options?: CallOptions): Promise<void>
  /** Ends early with the provider's consent. */
  cancel(a: Agreement, release: Release, providerSignature: HexBytes, options?: CallOptions): Promise<void>
  /** Of a delivery, inside its window; or, when nothing was delivered, of a checkpoint, in the challenge window after `deliverBy`. */
  dispute(a: Agreement, options?: CallOptions): Promise<void>
  /**
   * Arbiter only: the provider's share of the claim and of the dispute bond, and the requester's share of the provider's bond, in basis
   * points.
   */
  rule(a: Agreement, providerBps: number, bondSlashBps: number, options?: CallOptions): Promise<void>
  /** After a silent arbiter; anyone may. What is claimed and not acknowledged goes to nobody. */
  split(a: Agreement, options?: CallOptions): Promise<void>
  /** Writes the hash of the peer's card and its beneficiary into the registry. */
  register(peerKey: Hex32, beneficiary: Address, options?: CallOptions): Promise<void>
  stake(amount: bigint, options?: CallOptions): Promise<void>
  /** Starts to unbond; the stake is free again after the registry's delay. */
  unstake(amount: bigint, options?: CallOptions): Promise<void>
  /** Frees what has finished unbonding. */
  claimStake(options?: CallOptions): Promise<void>
  stakeOf(address: Address, options?: CallOptions): Promise<bigint>
  /** All events of one agreement, oldest first, wherever the cursor stands: for whoever suspects that one was missed. */
  history(id: AgreementId, options?: CallOptions): Promise<SettlementEvent[]>
  /**
   * Events from a durable cursor on, each at least once, in order; keeps going over lost RPCs. `onEvent` may be async; the cursor
   * moves after it resolves. After a reorganisation the events of the replaced blocks come again. `rest` waits between two looks
   * once the head is reached: for `ms`, or longer while nobody waits for news; by default it sleeps for `ms`.
   */
  watch(
    from: ChainCursor | undefined,
    onEvent: (e: SettlementEvent) => Promise<void>,
    signal: AbortSignal,
    rest?: (ms: number, signal: AbortSignal) => Promise<void>
  ): Promise<void>
}
