import { expect } from 'chai'
import { Attestations } from '../../../../src/peer/capacity/attestations.ts'
import { identityVerifier } from '../../../../src/p2p/identity.ts'
import { ATTESTATIONS_MAX, type CapacityKind } from '../../../../src/protocol/records/attestation.ts'
import type { Attestation } from '../../../../src/protocol/records/attestation.ts'
import { ManualClock } from '../../../support/clock.ts'
import { attestation, NOW, person, provider } from '../../../support/records.ts'
import { noLog } from '../../../support/tasks.ts'

type Taker = (
  request: { id: string; attestation: Attestation },
  context: { from: string }
) => Promise<unknown>

describe('attestations that a peer shows', () => {
  it('are the best of each kind first, so that high numbers of one kind push out no other', async () => {
    let take: Taker | undefined
    const meta = new Map<string, Uint8Array>()
    const it = new Attestations({
      ...{ clock: new ManualClock(NOW), log: noLog, identities: identityVerifier, changed: () => undefined },
      journal: {
        meta: async (k: string) => meta.get(k),
        putMeta: async (k: string, v: Uint8Array) => void meta.set(k, v)
      },
      network: {
        peerId: provider.identity.peerId,
        handle: (_: string, handler: unknown) => ((take = handler as Taker), () => undefined)
      },
      prover: { claimAnswered: () => true }
    })
    await it.start()
    const give = async (by: number, kind: CapacityKind, score: number): Promise<void> => {
      const challenger = person(by)
      const a = await attestation(provider, challenger, { kind, score })
      await take?.({ id: '', attestation: a }, { from: challenger.identity.peerId })
    }
    for (let by = 40; by < 56; by++) await give(by, 'network', 100_000 + by)
    for (const by of [60, 61]) for (const kind of ['cpu', 'memory', 'disk'] as const) await give(by, kind, by)
    const shown = it.shown()
    expect(shown).to.have.length(ATTESTATIONS_MAX)
    for (const kind of ['cpu', 'memory', 'disk'])
      expect(
        shown.filter(a => a.kind === kind).map(a => a.score),
        kind
      ).to.deep.equal([61, 60])
    expect(shown.filter(a => a.kind === 'network').map(a => a.score)).to.deep.equal([
      100_055, 100_054, 100_053, 100_052, 100_051, 100_050
    ])
    await it.stop()
  })
})
