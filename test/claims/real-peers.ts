/** Real peers over libp2p on loopback, for claims. */
import { identityFromSeed } from '../../src/p2p/identity.ts'
import { createPeerNetwork, type P2PNetwork } from '../../src/p2p/network.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import type { Answerer } from '../../src/peer/capacity/answers/answer.ts'
import { Challenger } from '../../src/peer/capacity/challenger.ts'
import type { Task } from '../../src/peer/capacity/exams/exam.ts'
import { Prover } from '../../src/peer/capacity/prover.ts'
import type { CapacityKind } from '../../src/protocol/records/attestation.ts'
import { noLog } from '../support/tasks.ts'

async function peer(): Promise<{ network: P2PNetwork; seed: Uint8Array }> {
  const seed = systemRandom.bytes(32)
  const network = await createPeerNetwork({
    ...{ profile: 'full', networkId: 'claims', seed, listen: ['/ip4/127.0.0.1/tcp/0'] },
    ...{ clock: systemClock, random: systemRandom, log: noLog }
  })
  await network.start()
  return { network, seed }
}

/** A started peer that answers one kind of challenge. */
export async function prover(kind: CapacityKind, answerer: Answerer): Promise<P2PNetwork> {
  const { network } = await peer()
  const p = new Prover({
    ...{ clock: systemClock, log: noLog, network },
    ...{ answerers: new Map([[kind, answerer]]), busy: () => undefined }
  })
  await p.start()
  network.handle('attest', async () => ({}))
  return network
}

/** The best score of one session by a new challenger, which is added to those that run; 0 when nobody was attested. */
export async function session(
  group: readonly P2PNetwork[],
  task: Task,
  running: P2PNetwork[]
): Promise<number> {
  const { network, seed } = await peer()
  running.push(network)
  const challenger = new Challenger({
    ...{ clock: systemClock, random: systemRandom, log: noLog, network },
    identity: identityFromSeed(seed)
  })
  const targets = group.map(n => ({ peer: n.peerId, addresses: n.addresses() }))
  const outcomes = await challenger.challenge(targets, task, new AbortController().signal)
  for (const o of outcomes) if (o.reason !== undefined) console.log(`  not attested: ${o.reason}`)
  return Math.max(0, ...outcomes.map(o => o.attestation?.score ?? 0))
}
