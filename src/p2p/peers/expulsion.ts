/** What a ban does: it is written down, told to the banned peer, and cuts its connections; and how one ends early. */
import type { Connection, Libp2p } from '@libp2p/interface'
import { ShoalError } from '../../protocol/errors.ts'
import { evidenceWords, printable, type EvidenceKind } from '../../protocol/evidence.ts'
import type { Clock, Logger } from '../../protocol/ports/index.ts'
import type { Bans } from './bans.ts'
import type { Farewell } from './farewell.ts'
import type { PeerScores } from './scores.ts'

/** After these the connection itself is good for nothing: it is cut at once, and the peer is told when it comes back. */
const WITHOUT_A_WORD: ReadonlySet<string> = new Set<EvidenceKind>([
  'broken-frame',
  'huge-frame',
  'frame-flood'
])

export interface ExpulsionParts {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly log: Logger
  readonly bans: Bans
  readonly scores: PeerScores
  readonly farewell: Farewell
  /** A connection whose peer was banned. */
  readonly onCut: (connection: Connection) => void
  /** Bans have changed. */
  readonly onChange: () => void
  /** The peer is to be forgotten as somebody to dial. */
  readonly forget: (peer: string) => void
}

export class Expulsion {
  readonly #parts: ExpulsionParts

  constructor(parts: ExpulsionParts) {
    this.#parts = parts
  }

  start(): void {
    this.#parts.libp2p.addEventListener('connection:open', this.#onOpen)
  }

  stop(): void {
    this.#parts.libp2p.removeEventListener('connection:open', this.#onOpen)
  }

  /** Bans a peer on evidence; harmless while it is banned. `seen` is cut to what is stored and told. */
  ban(peer: string, kind: EvidenceKind, seen: string): void {
    const { bans, clock, log, onChange, forget, libp2p, onCut } = this.#parts
    const evidence = { kind, seen: printable(seen), at: clock.now() }
    if (!bans.add(peer, evidence)) return
    const { left, times } = bans.of(peer) ?? { left: 0, times: 0 }
    log.warn(
      { peer, evidence: kind, seen: evidence.seen, ms: left, times },
      `banned a peer: it sent ${evidenceWords(kind)}`
    )
    onChange()
    forget(peer)
    for (const connection of libp2p.getConnections()) {
      if (connection.remotePeer.toString() !== peer) continue
      onCut(connection)
      void this.#part(connection, kind)
    }
  }

  /** Ends a ban at a person's word; false when there is none. */
  forgive(peer: string): boolean {
    const { bans, scores, farewell, log, onChange } = this.#parts
    const lifted = bans.lift(peer)
    scores.clear(peer)
    if (!lifted) return false
    farewell.forget(peer)
    log.info({ peer }, 'a ban was lifted by its owner')
    onChange()
    return true
  }

  /** Ends all bans of a kind whose evidence turned out to be wrong. */
  lift(kind: EvidenceKind): void {
    const { bans, scores, farewell, log, onChange } = this.#parts
    const peers = bans.liftKind(kind)
    for (const peer of peers) {
      scores.clear(peer)
      farewell.forget(peer)
      log.warn({ peer, evidence: kind }, 'a ban is lifted: its evidence is in doubt')
    }
    if (peers.length > 0) onChange()
  }

  /** A banned peer was let in to be told. */
  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const ban = this.#parts.bans.of(detail.remotePeer.toString())
    if (ban !== undefined) void this.#part(detail, '')
  }

  async #part(connection: Connection, kind: string): Promise<void> {
    if (!WITHOUT_A_WORD.has(kind)) await this.#parts.farewell.say(connection)
    connection.abort(new ShoalError('PEER_REFUSED', 'Banned for its conduct.'))
  }
}
