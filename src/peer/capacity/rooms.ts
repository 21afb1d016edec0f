/** The parts of a provider that prove its capacity and have others prove theirs, wired. */
import type { PeerIdString } from '../../protocol/ids.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import type { CapacityAdvert } from '../../protocol/records/advert.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'
import { deadline, within } from '../../protocol/signals.ts'
import type { AdvertBook } from '../advert-book.ts'
import type { PeerContext } from '../context.ts'
import { Attestations } from './attestations.ts'
import { Challenger, TOGETHER_MAX } from './challenger.ts'
import type { Answerer } from './answers/answer.ts'
import { tasksFor } from './plan.ts'
import { Prover } from './prover.ts'
import { Rounds, type Target } from './rounds.ts'

export interface CapacityRooms {
  readonly prover: Prover
  readonly attestations: Attestations
  readonly challenger: Challenger
  readonly rounds: Rounds
}

export interface CapacityHooks {
  readonly answerers: ReadonlyMap<CapacityKind, Answerer>
  readonly busy: () => string | undefined
  /** Something new stands in the advert. */
  readonly changed: () => void
}

const toPeer = ({ card }: CapacityAdvert): PeerAddress => ({ peer: card.peer, addresses: card.addresses })
/** How long the members of a claimed group may take to be reached, ms. */
const REACH_MS = 10_000

/** Providers that are not on our machine: we would challenge what we run on ourselves. */
export function strangers(book: Pick<AdvertBook, 'list' | 'groups'>, me: PeerIdString, operator: string) {
  const own = (a: CapacityAdvert): boolean =>
    a.card.peer === me || a.card.operator.toLowerCase() === operator.toLowerCase()
  const groups = book.groups()
  return book.list().filter(a => groups.get(a.card.peer)?.some(own) !== true)
}

/** One provider at random, with all that share its machine or operator, each seen where it says it is. */
async function pickTarget(ctx: PeerContext, signal: AbortSignal): Promise<Target | undefined> {
  const { adverts, network, operator, random, clock } = ctx
  const all = strangers(adverts, network.peerId, operator.address)
  const chosen = all[Math.floor(random.fraction() * all.length)]
  if (chosen === undefined) return undefined
  const limit = deadline(clock, REACH_MS, 'DIAL_TIMEOUT', 'the peer did not answer', signal)
  await within(limit, s =>
    Promise.allSettled(adverts.claimedGroup(chosen.card.peer).map(a => network.connect(toPeer(a), s)))
  )
  const group = adverts.groups().get(chosen.card.peer) ?? [chosen]
  // whoever may be one of many that are too many for one session has its chance as well
  const asked = [chosen, ...group.filter(a => a !== chosen)].slice(0, TOGETHER_MAX)
  return { group: asked.map(toPeer), tasks: tasksFor(asked) }
}

export function makeCapacityRooms(ctx: PeerContext, hooks: CapacityHooks): CapacityRooms {
  const { answerers, busy, changed } = hooks
  const prover = new Prover({ ...ctx, answerers, busy })
  const challenger = new Challenger(ctx)
  return {
    prover,
    attestations: new Attestations({ ...ctx, prover, changed }),
    challenger,
    rounds: new Rounds({
      ...ctx,
      challenger,
      target: signal => pickTarget(ctx, signal),
      everyMs: ctx.config.provider.challenges
    })
  }
}
