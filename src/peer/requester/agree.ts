/** awarded -> agreed -> open: both signatures, then the money. */
import type { Agreement } from '../../protocol/eip712.ts'
import { asShoalError, isShoalError } from '../../protocol/errors.ts'
import { gasFor, priceFor, restOf, type Rate } from '../../market/work.ts'
import { toHex } from '../../protocol/codec.ts'
import type { Hex32, HexBytes } from '../../protocol/ids.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import { refusalText } from '../../protocol/records/refusal.ts'
import type { PeerContext } from '../context.ts'
import type { AwardEntry, ExecutionEntry, JobEntry } from '../journal/entries.ts'
import { bidDigest, sameAddress } from '../records.ts'
import type { LiveExecution } from './live-execution.ts'
import { openingStep } from './steps.ts'
import { SURE_SECONDS } from '../gone.ts'
import { specDigestOf } from '../spec-digest.ts'

/** Seconds in which a signed agreement may be opened: a leaked signature is worth nothing after them. */
export const OPEN_SECONDS = 60
/** The arbiter's time, seconds. */
export const ARBITRATION_SECONDS = 3_600
/** An arbiter who stays silent: nobody gets what is disputed. The contract takes no other terms. */
const SPLIT_BPS = 0
/** Our lack of money is believed after so many looks, a second apart. */
const LACK_TRIES = 5

/** What is paid for an attempt, and the work that it buys: all that was bid on, or what an earlier attempt has left of it. */
function purchase(rate: Rate, used: bigint | undefined): Rate {
  if (used === undefined) return rate
  const price = priceFor(restOf(used, rate), rate)
  return { price, gas: gasFor(price, rate) }
}

/** A new execution's first entry. */
export function proposeExecution(
  ctx: PeerContext,
  job: JobEntry,
  award: AwardEntry,
  bid: Bid,
  ref: Pick<ExecutionEntry, 'shard' | 'attempt' | 'copy' | 'resumedFrom'>
): ExecutionEntry {
  const now = ctx.chainNow()
  const { offer } = award
  if (offer.v === 1) throw new Error('an offer of an earlier version is not agreed on')
  const { price, gas } = purchase({ price: bid.price, gas: offer.needs.gas }, ref.resumedFrom?.used)
  const agreement: Agreement = {
    jobId: job.id,
    shard: ref.shard,
    attempt: ref.attempt,
    requester: ctx.operator.address,
    provider: bid.card.operator,
    beneficiary: bid.card.beneficiary,
    arbiter: offer.arbiter,
    price,
    bond: offer.bond,
    specHash: specDigestOf(job.plan.common),
    bidRoot: award.bidRoot,
    openBy: now + BigInt(Math.min(OPEN_SECONDS, Math.floor(offer.deliverSeconds / 2))),
    deliverBy: now + BigInt(offer.deliverSeconds),
    challengeWindow: offer.challengeSeconds,
    arbitrationWindow: offer.arbitrationSeconds,
    splitBps: SPLIT_BPS,
    salt: toHex(ctx.random.bytes(32)) as Hex32
  }
  return {
    v: 2,
    jobId: job.id,
    shard: ref.shard,
    attempt: ref.attempt,
    copy: ref.copy,
    resumedFrom: ref.resumedFrom,
    state: 'awarded',
    created: ctx.clock.now(),
    provider: {
      peer: bid.card.peer,
      addresses: bid.card.addresses,
      operator: bid.card.operator,
      recipient: bid.card.recipient
    },
    offer: award.offerDigest,
    bid: bidDigest(bid),
    agreementId: ctx.typed.digest('Agreement', agreement) as Hex32,
    agreement,
    bought: gas,
    speed: bid.speed,
    lastEvent: 0,
    progress: ref.resumedFrom?.checkpoint.progress ?? 0,
    gas: 0n,
    fetched: false
  }
}

/** No money is locked for a job that is being cancelled or has failed. */
const wanted = (live: LiveExecution): boolean =>
  live.job().state === 'running' && live.job().desired === 'run'

/** Asks for the provider's signature: one try, since a provider that does not answer now is not the one to trust with work. */
export async function agree(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { entry, ctx } = live
  const declined = (what: string, code: string, message: string): Promise<boolean> =>
    live.move('decline', what, { failure: { code, message } }, message)
  if (!wanted(live)) return void (await declined('no longer needed', 'CANCELLED', 'the job wants no more'))
  try {
    const answer = await ctx.network.request(
      live.provider,
      'agree',
      { offer: entry.offer, bid: entry.bid, agreement: entry.agreement, copy: entry.copy },
      signal
    )
    if (answer.signature === undefined) {
      const { refusal } = answer
      const message = refusal === undefined ? 'it gave no reason' : refusalText(refusal)
      await declined('provider declined', refusal?.code ?? 'PEER_REFUSED', message)
      return
    }
    const signer = ctx.typed.signer('Agreement', entry.agreement, answer.signature)
    if (signer === undefined || !sameAddress(signer, entry.agreement.provider)) {
      ctx.network.report(entry.provider.peer, 'invalid')
      await declined(
        'provider sent a wrong signature',
        'SIGNATURE_INVALID',
        'it did not sign what was proposed'
      )
      return
    }
    await live.move('agree', 'agreement signed by both', { providerSignature: answer.signature })
  } catch (e) {
    if (signal.aborted) return
    const { code, message } = asShoalError(e, 'PEER_UNREACHABLE')
    await declined('provider did not answer', code, message)
  }
}

/** True when it is our money that is missing, not the provider's bond. */
const isOurLack = (e: unknown, { provider }: Agreement): boolean =>
  isShoalError(e, 'FUNDS_LOW') && !sameAddress(String(e.data['owner']), provider)

/**
 * Asks the chain to lock the money. A reorganisation takes our own deposit back until it is sent again a moment later, so a lack on our
 * side is looked at again, `LACK_TRIES` times in all, before it is believed: a signed agreement that is given up stays a risk until `openBy`.
 */
async function lock(live: LiveExecution, providerSignature: HexBytes, signal: AbortSignal): Promise<void> {
  const { agreement } = live.entry
  for (let tries = 1; live.entry.state === 'agreed'; tries++) {
    try {
      return await live.ctx.settlement.open(agreement, providerSignature, { signal })
    } catch (e) {
      if (signal.aborted || tries === LACK_TRIES || !wanted(live) || !isOurLack(e, agreement)) throw e
      live.ctx.log.warn({ err: e, agreement: live.entry.agreementId }, 'money is missing; looking again')
      await live.pause(1_000, signal)
    }
  }
}

/** Opens the escrow, through lost RPCs, until `openBy` has passed. */
export async function openEscrow(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { entry, ctx } = live
  const { providerSignature } = entry
  if (providerSignature === undefined) return
  if (!wanted(live)) {
    // an opening of before a restart may still be mined: only openBy makes sure
    await freeSlot(live, 'CANCELLED', signal)
    await live.pause(1_000, signal)
    return await giveUpOpening(live, signal)
  }
  try {
    await lock(live, providerSignature, signal)
    await live.move('open', 'escrow open')
  } catch (e) {
    if (signal.aborted) return
    const error = asShoalError(e, 'CHAIN_UNREACHABLE')
    if (isShoalError(error, 'FUNDS_LOW', 'CHAIN_REVERTED')) {
      await live.move(
        'withdraw',
        'escrow could not be opened',
        { failure: { code: error.code, message: error.message } },
        error.message
      )
      await freeSlot(live, error.code, signal)
      return
    }
    ctx.log.warn({ err: error, agreement: entry.agreementId }, 'opening an escrow failed; trying again')
    await live.pause(1_000, signal)
    await giveUpOpening(live, signal)
  }
}

/** Tells the provider that nothing will come of it, so that its slot is free at once; if it does not hear, `openBy` frees it. */
async function freeSlot(live: LiveExecution, reason: string, signal: AbortSignal): Promise<void> {
  try {
    await live.ctx.network.request(
      live.provider,
      'cancel',
      { agreement: live.entry.agreementId, reason },
      signal
    )
  } catch (err) {
    live.ctx.log.debug({ err }, 'a provider did not hear that its agreement is off')
  }
}

/** After `openBy` the contract refuses: if it never opened, no money was involved. */
async function giveUpOpening(live: LiveExecution, signal: AbortSignal): Promise<void> {
  try {
    const { escrow, now } = await live.view(signal)
    // by the time of a while ago: the RPC that answers may lag behind the one that took our transaction
    if (openingStep({ escrow, now: now - SURE_SECONDS }, live.entry.agreement) !== 'over') return
    await live.move('decline', 'escrow was not opened in time', {
      failure: live.entry.failure ?? {
        code: 'FUND_TIMEOUT',
        message: 'the escrow was not opened in time'
      }
    })
  } catch (err) {
    // the chain is away: nothing can be decided without it, the caller tries again
    live.ctx.log.debug({ err }, 'the chain does not answer')
  }
}

/**
 * withdrawn: our signature was in a transaction that failed, so anyone can send it again until `openBy`. An escrow that opens
 * after all is one of ours and is recouped; chain news brings that, and a look at the chain when the time is over.
 */
export async function awaitWorthless(live: LiveExecution, signal: AbortSignal): Promise<void> {
  await live.pause(1_000, signal)
  if (signal.aborted || live.entry.state !== 'withdrawn') return
  if (live.ctx.chainNow() <= live.entry.agreement.openBy) return
  const view = await live.view(signal)
  if (openingStep(view, live.entry.agreement) === 'opened') await live.move('open', 'opened by another')
  else await giveUpOpening(live, signal)
}
