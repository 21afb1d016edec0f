/** What the API offers, over one peer: each call is one thing a person may want. */
import { ShoalError } from '../protocol/errors.ts'
import type { Address, JobId, PeerIdString } from '../protocol/ids.ts'
import { formatAmount, parseAmount } from '../protocol/money.ts'
import type { Account, ActionUnderWay, Guard, Settlement } from '../protocol/ports/settlement.ts'
import type { Peer } from '../peer/compose.ts'
import type { JobEntry } from '../peer/journal/entries.ts'
import { caseView, disputeViews } from '../peer/disputes/view.ts'
import { parseJobFile } from '../peer/jobfile/parse.ts'
import { gatherResults } from '../peer/requester/gather.ts'
import { standing } from '../peer/requester/seats.ts'
import { policyView, sellerView } from '../peer/provider/view.ts'
import { advertView, awardView, executionView, jobView, providerView } from '../peer/views.ts'
import type { z } from '@hono/zod-openapi'
import type { submitBody } from './schemas.ts'

export type Submit = z.output<typeof submitBody>

const accountView = (a: Account, guard: Guard | undefined) => ({
  address: a.address,
  gas: formatAmount(a.gas),
  wallet: formatAmount(a.wallet),
  free: formatAmount(a.free),
  locked: formatAmount(a.locked),
  staked: formatAmount(a.staked),
  guard: guard === undefined ? undefined : guardView(guard)
})

const guardView = ({ beneficiary, dailyLimit, left }: Guard) => ({
  beneficiary,
  dailyLimit: formatAmount(dailyLimit),
  left: formatAmount(left)
})

const underWayView = (a: ActionUnderWay) => ({
  ...a,
  amount: a.amount === undefined ? undefined : formatAmount(a.amount)
})

/** Balances, and what is on its way. */
async function walletView(settlement: Settlement) {
  const [account, guard] = await Promise.all([settlement.account(), settlement.guard()])
  return { ...accountView(account, guard), underWay: settlement.underWay().map(underWayView) }
}

/** Whether a transfer sent nothing itself, since an equal one was under way. */
class Joined {
  yes: true | undefined
  readonly note = (): void => void (this.yes = true)
}

/** How a person wants an amount moved. */
export interface Transfer {
  readonly amount: string
  /** Another receiver than the operator itself. */
  readonly to?: string
  readonly again?: boolean
  /** Whoever asks is still there: what ends without being heard is told to whoever asks next. */
  readonly signal?: AbortSignal
}

/** What concerns jobs that this peer's owner has submitted. */
const jobCalls = (peer: Peer) => {
  const { ctx } = peer
  const { journal } = ctx

  /** NOT_FOUND when no job, or more than one, begins like this. */
  const find = async (prefix: string): Promise<JobEntry> => {
    const exact = await journal.job(prefix as JobId)
    if (exact !== undefined) return exact
    const found = (await journal.jobs()).filter(j => j.id.startsWith(prefix))
    const [only] = found
    if (only !== undefined && found.length === 1) return only
    const what = found.length === 0 ? `no job ${prefix}` : `${found.length} jobs begin with ${prefix}`
    throw new ShoalError('NOT_FOUND', what, { next: 'List them with: shoal jobs' })
  }
  const view = async (job: JobEntry) => {
    const executions = await journal.executions(job.id)
    return { ...jobView(job, executions), executionList: executions.map(executionView) }
  }

  return {
    find,
    submit: async (s: Submit) => {
      const job = parseJobFile(s.file, s.path, s.overrides)
      const options = {
        folder: s.folder,
        out: s.out,
        deliverMargin: s.deliverMargin,
        challengeSeconds: s.challengeSeconds,
        probe: s.probe,
        source: { file: s.file, path: s.path, folder: s.folder, overrides: JSON.stringify(s.overrides) },
        signal: ctx.stopping
      }
      return await view(await peer.requester.submit(job, options))
    },
    jobs: async () => {
      const jobs = await journal.jobs()
      jobs.sort((a, b) => b.created - a.created)
      return await Promise.all(jobs.map(async j => jobView(j, await journal.executions(j.id))))
    },
    job: async (id: string) => await view(await find(id)),
    /** What was submitted, to submit it again. NOT_FOUND for a job of an older version, which kept none. */
    source: async (id: string) => {
      const { id: whole, source } = await find(id)
      if (source === undefined)
        throw new ShoalError('NOT_FOUND', `job ${whole.slice(0, 10)} kept no job file`, {
          next: 'Submit its file again with: shoal run FILE'
        })
      return { ...source, overrides: JSON.parse(source.overrides) as Record<string, unknown> }
    },
    history: async (id: string) => await journal.history((await find(id)).id),
    cancel: async (id: string) => {
      const job = await find(id)
      await peer.requester.cancel(job.id)
      return await view((await journal.job(job.id)) ?? job)
    },
    bids: async (id: string) => (await journal.awards((await find(id)).id)).map(awardView),
    audit: async (id: string) => {
      const job = await find(id)
      const rounds = (await journal.awards(job.id)).map(awardView)
      const roots = new Map(rounds.map(r => [r.bidRoot, r.round]))
      const agreements = (await journal.executions(job.id)).map(e => ({
        agreement: e.agreementId,
        shard: e.shard,
        attempt: e.attempt,
        bidRoot: e.agreement.bidRoot,
        rootKnown: roots.has(e.agreement.bidRoot),
        bidWon: rounds.some(
          r => r.bidRoot === e.agreement.bidRoot && r.seats.some(s => s.shard === e.shard && s.bid === e.bid)
        )
      }))
      const ok =
        rounds.every(r => r.deviation === undefined) && agreements.every(a => a.rootKnown && a.bidWon)
      return { id: job.id, ok, rounds, agreements }
    },
    /** Writes the accepted results of an ended job into another folder. */
    get: async (id: string, out: string) => {
      const job = await find(id)
      const results = standing(await journal.executions(job.id))
      if (results.length < job.plan.inputs.length) {
        throw new ShoalError(
          'NOT_FOUND',
          `only ${results.length} of ${job.plan.inputs.length} shards have a result`,
          { next: `See: shoal job ${id}` }
        )
      }
      await gatherResults(ctx, { ...job, plan: { ...job.plan, out } }, results, ctx.stopping)
      return { id: job.id, out }
    }
  }
}

/** USAGE on a peer that sells nothing. */
function sellerOf({ provider }: Peer): NonNullable<Peer['provider']> {
  if (provider === undefined)
    throw new ShoalError('USAGE', 'this peer sells nothing', {
      next: 'Start one that does: shoal up (without --light, and with provider.enabled).'
    })
  return provider
}

/** What concerns the peer itself: network, provider, money. */
const peerCalls = (peer: Peer) => {
  const { ctx } = peer
  const { journal, settlement } = ctx
  return {
    status: async () => ({
      peer: ctx.network.peerId,
      operator: ctx.operator.address,
      profile: ctx.network.profile,
      addresses: ctx.network.addresses(),
      connections: ctx.network.peers().length,
      providersKnown: peer.adverts.list().length,
      chain: {
        reachable: settlement.reachable,
        generation: settlement.generation,
        chainId: ctx.settlement.network.chainId.toString(),
        escrow: ctx.settlement.network.escrow,
        /** Seconds by which this machine's clock is behind the chain's, with their error. */
        clock: ctx.settlement.clock.behind(),
        /** In words, when it is off by more than others allow, by the chain or by peers. */
        clockOff: ctx.clockOff?.(),
        /** How long a call takes to be mined here. */
        inclusionMs: ctx.settlement.inclusionMs(),
        /** Set while the chain's events cannot be read. */
        blindness: ctx.settlement.blindness,
        /** Signed, and not known to be mined. */
        underWay: ctx.settlement.underWay().map(underWayView)
      },
      liveJobs: peer.requester.live,
      /** Bootstrap, bans both ways with their reasons, offences by kind, budgets that were used up, own troubles. */
      network: ctx.network.health(),
      provider:
        peer.provider === undefined
          ? undefined
          : {
              ...sellerView(peer.provider),
              executions: peer.provider.flow.live.map(providerView)
            }
    }),
    peers: async () => {
      const { bans, bannedBy } = ctx.network.health()
      return { peers: ctx.network.peers(), bans, bannedBy }
    },
    /** NOT_FOUND when this peer does not ban it. */
    forgive: async (id: string) => {
      if (!ctx.network.forgive(id as PeerIdString))
        throw new ShoalError('NOT_FOUND', `this peer does not ban ${id}`, { next: 'See: shoal peers' })
      return { forgiven: id }
    },
    offers: async () =>
      peer.adverts.list().map(a => advertView(a, peer.adverts.classOf(a), peer.adverts.proven(a))),
    executions: async () => (await journal.providers()).map(providerView),
    pause: async (ms: number | undefined) => {
      const { policy } = sellerOf(peer)
      await policy.pause(ms)
      return policyView(policy)
    },
    resume: async () => {
      const { policy } = sellerOf(peer)
      await policy.resume()
      return policyView(policy)
    }
  }
}

/** What is before an arbiter. */
const disputeCalls = (peer: Peer) => ({
  disputes: async () => await disputeViews(peer),
  /** `prefix`: of the agreement. USAGE on a peer that is no arbiter. */
  rule: async (prefix: string, { providerBps, slashBps }: { providerBps: number; slashBps: number }) => {
    if (peer.arbiter === undefined)
      throw new ShoalError('USAGE', 'this peer is no arbiter', {
        next: 'Start it with: shoal up --set arbiter.enabled=true'
      })
    const found = (await peer.arbiter.list()).filter(e => e.id.startsWith(prefix))
    const [only] = found
    if (only === undefined || found.length > 1)
      throw new ShoalError(
        'NOT_FOUND',
        found.length === 0
          ? `no dispute ${prefix} is before this arbiter`
          : `${found.length} disputes begin with ${prefix}`,
        { next: 'List them with: shoal disputes' }
      )
    return caseView(await peer.arbiter.rule(only.id, providerBps, slashBps))
  }
})

/** What moves money, and what is on its way. */
const moneyCalls = ({ ctx: { settlement } }: Peer) => ({
  wallet: async () => await walletView(settlement),
  deposit: async ({ amount, again, signal }: Transfer) => {
    const joined = new Joined()
    const tx = await settlement.deposit(parseAmount(amount), { again, signal, joined: joined.note })
    return { tx, joined: joined.yes, ...(await walletView(settlement)) }
  },
  withdraw: async ({ amount, to, again, signal }: Transfer) => {
    const joined = new Joined()
    const options = { again, signal, joined: joined.note }
    const tx = await settlement.withdraw(parseAmount(amount), to as Address | undefined, options)
    return { tx, joined: joined.yes, ...(await walletView(settlement)) }
  },
  /** The guard of `owner` as its beneficiary, else our own; tells what it is then. */
  protect: async (beneficiary: string, limit: string, owner: string | undefined) => {
    await settlement.protect(beneficiary as Address, parseAmount(limit), {
      owner: owner as Address | undefined
    })
    const guard = await settlement.guard(owner as Address | undefined)
    return { owner: owner ?? settlement.address, guard: guard === undefined ? undefined : guardView(guard) }
  }
})

export const createService = (peer: Peer) => ({
  peer,
  ...jobCalls(peer),
  ...peerCalls(peer),
  ...disputeCalls(peer),
  ...moneyCalls(peer)
})

export type Service = ReturnType<typeof createService>
