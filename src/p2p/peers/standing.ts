/** All that this peer holds against others, and others against it, wired once: scores, evidence, bans, what was told of them. */
import type { Connection, Libp2p } from '@libp2p/interface'
import { ShoalError } from '../../protocol/errors.ts'
import type { EvidenceKind } from '../../protocol/evidence.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Clock, Conduct, Files, Handler, Logger, NetworkHealth } from '../../protocol/ports/index.ts'
import { hostOf } from '../guards/hosts.ts'
import { Offences } from '../guards/offences.ts'
import { OwnTroubles } from '../guards/own-troubles.ts'
import type { Names } from '../names.ts'
import { BanFile } from './ban-file.ts'
import { Bans } from './bans.ts'
import { Expulsion } from './expulsion.ts'
import { Farewell } from './farewell.ts'
import { BanNotices } from './notices.ts'
import { Rests } from './rests.ts'
import { PeerScores } from './scores.ts'

const TIDY_MS = 5 * 60_000
/** How long a wait of ours may have lasted whose end is reported as somebody's failure, ms: a lease and what follows it. */
const WAITED_MS = 10_000

export interface StandingParts {
  readonly clock: Clock
  readonly log: Logger
  readonly names: Names
  readonly folder: string | undefined
  readonly files: Files | undefined
}

/** What is known only when the node is made. */
export interface NodeParts {
  readonly libp2p: Libp2p
  readonly onCut: (connection: Connection) => void
  readonly forget: (peer: string) => void
}

export class Standing {
  readonly scores: PeerScores
  readonly bans: Bans
  readonly rests: Rests
  readonly notices: BanNotices
  readonly troubles: OwnTroubles
  readonly offences: Offences
  readonly farewell: Farewell
  readonly #parts: StandingParts
  readonly #file: BanFile | undefined
  #node: { readonly libp2p: Libp2p; readonly expulsion: Expulsion } | undefined
  #cancel: () => void = () => undefined

  constructor(parts: StandingParts) {
    const { clock, log, names, folder, files } = parts
    this.#parts = parts
    this.scores = new PeerScores(clock)
    this.bans = new Bans(clock)
    this.rests = new Rests(clock)
    this.notices = new BanNotices({ clock, log })
    this.troubles = new OwnTroubles(clock)
    this.farewell = new Farewell({ clock, names, log, bans: this.bans })
    this.offences = new Offences({
      ...{ clock, log, troubles: this.troubles },
      strike: peer => this.scores.strike(peer),
      ban: (peer, kind, seen) => this.#node?.expulsion.ban(peer, kind, seen),
      lift: kind => this.#node?.expulsion.lift(kind),
      wellBehaved: peer => this.scores.wellBehaved(peer),
      hostOf: peer => this.#hostOf(peer)
    })
    if (folder !== undefined && files !== undefined)
      this.#file = new BanFile({ folder, files, bans: this.bans, clock, log })
  }

  /** Gives it the node whose peers it judges; once. */
  attach({ libp2p, onCut, forget }: NodeParts): void {
    const { clock, log } = this.#parts
    const { bans, scores, farewell } = this
    const onChange = (): void => this.#file?.save()
    const expulsion = new Expulsion({
      ...{ libp2p, clock, log, bans, scores, farewell },
      onCut,
      forget,
      onChange
    })
    this.#node = { libp2p, expulsion }
  }

  async start(): Promise<void> {
    await this.#file?.start()
    this.troubles.start()
    this.#node?.expulsion.start()
    this.#cancel = this.#parts.clock.every(TIDY_MS, () => {
      this.scores.forget()
      this.bans.forget()
      this.rests.forget()
    })
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#node?.expulsion.stop()
    this.troubles.stop()
    await this.#file?.stop()
  }

  banned(peer: string): boolean {
    return this.bans.has(peer)
  }

  /** Whether a peer may be dialled now; a yes to one that has banned us is one attempt. */
  welcome(peer: PeerIdString): boolean {
    return !this.bans.has(peer) && this.notices.mayDial(peer)
  }

  report(peer: PeerIdString, conduct: Conduct): void {
    if (conduct === 'invalid')
      return this.accuse(peer, 'false-signature', 'signed something else than it agreed to')
    if (conduct !== 'useful' && this.troubles.excuses(WAITED_MS)) return
    this.scores.report(peer, conduct)
  }

  accuse(peer: PeerIdString, kind: EvidenceKind, seen: string): void {
    this.offences.prove(peer, kind, seen)
  }

  forgive(peer: PeerIdString): boolean {
    return this.#node?.expulsion.forgive(peer) ?? false
  }

  /** A stranger did not say in time who it is: it goes, and waits before it comes again, unless the fault may be ours. */
  dismiss(peer: string): void {
    this.#parts.log.debug({ peer }, 'a peer did not say in time that it belongs to this network')
    if (!this.troubles.excuses(WAITED_MS)) this.rests.add(peer)
    const reason = new ShoalError('PEER_REFUSED', 'Not identified as a peer of this network.')
    for (const connection of this.#node?.libp2p.getConnections() ?? [])
      if (connection.remotePeer.toString() === peer) connection.abort(reason)
  }

  /** A peer said who it is: nothing of what was noted against a stranger holds any more, and it talks to us. */
  identified(peer: string): void {
    this.rests.end(peer)
    this.notices.over(peer as PeerIdString)
  }

  /** A peer tells that it bans us. */
  readonly onFarewell: Handler<'farewell'> = (notice, { from }) => {
    this.notices.heard(from, notice)
    return Promise.resolve({})
  }

  health(): Omit<NetworkHealth, 'bootstrap' | 'otherVersions'> {
    return {
      offences: this.offences.counts,
      limited: this.offences.limited,
      bans: this.bans.view(),
      bannedBy: this.notices.view(),
      doubted: this.offences.doubted,
      troubles: this.troubles.view()
    }
  }

  #hostOf(peer: string): string | undefined {
    const found = this.#node?.libp2p.getConnections().find(c => c.remotePeer.toString() === peer)
    return found === undefined ? undefined : hostOf(found.remoteAddr)
  }
}
