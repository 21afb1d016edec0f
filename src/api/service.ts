/** What the API offers, over one peer: each call is one thing a person may want. */
import { ShoalError } from '../protocol/errors.ts'
import type { JobId, PeerIdString } from '../protocol/ids.ts'
import type { Peer } from '../peer/compose.ts'
import type { JobEntry } from '../peer/journal/entries.ts'
import { caseView, disputeViews } from '../peer/disputes/view.ts'
import { parseJobFile } from '../peer/jobfile/parse.ts'
import { whyNoneKnown } from '../peer/requester/nobody.ts'
import { standing } from '../peer/requester/seats.ts'
import { policyView, sellerView } from '../peer/provider/view.ts'
import { advertView, awardView, executionView, jobView, providerView } from '../peer/views.ts'
import type { z } from '@hono/zod-openapi'
import { Guests } from './guests.ts'
import { moneyCalls, underWayView } from './money.ts'
import type { submitBody } from './schemas.ts'

export type Submit = z.output<typeof submitBody>

/** What concerns jobs that this peer's owner has submitted. */
const jobCalls = (peer: Peer, guests: Guests) => {
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
      const entry = await peer.requester.submit(job, options)
      if (s.left === true) guests.leave(entry.id)
      return await view(entry)
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
    /** Writes the accepted results of a job into a folder; `raw`: what each shard wrote, as it came, also of a part of them. */
    get: async (id: string, { out, raw }: { out: string; raw: boolean }) => {
      const job = await find(id)
      const where = await peer.requester.get(job, out, raw, ctx.stopping)
      return { id: job.id, out: where, shards: standing(await journal.executions(job.id)).length }
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
const peerCalls = (peer: Peer, guests: Guests) => {
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
        /** How long a call takes to be mined here. */
        inclusionMs: ctx.settlement.inclusionMs(),
        /** Set while the chain's events cannot be read. */
        blindness: ctx.settlement.blindness,
        /** Signed, and not known to be mined. */
        underWay: ctx.settlement.underWay().map(underWayView)
      },
      /** In words, when this machine's clock is off by more than others allow, by the chain or by peers. */
      clockOff: ctx.clockOff?.(),
      liveJobs: peer.requester.live,
      /** Commands that use this peer at this moment. */
      users: guests.list(),
      /** Jobs whose result cannot be put in its place, and why: `shoal get JOB --out DIR` puts it elsewhere. */
      troubles: peer.requester.troubles,
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
    /** `why`: when none is known, what is known of that. */
    offers: async () => {
      const list = peer.adverts.list()
      return {
        offers: list.map(a => advertView(a, peer.adverts.classOf(a), peer.adverts.proven(a))),
        why: list.length === 0 ? whyNoneKnown(ctx) : undefined
      }
    },
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

export const createService = (peer: Peer) => {
  const guests = new Guests(job => peer.requester.running(job))
  return {
    peer,
    guests,
    get id(): PeerIdString {
      return peer.ctx.identity.peerId
    },
    ...jobCalls(peer, guests),
    ...peerCalls(peer, guests),
    ...disputeCalls(peer),
    ...moneyCalls(peer.ctx.settlement)
  }
}

export type Service = ReturnType<typeof createService>
