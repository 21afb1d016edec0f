/** A capacity challenge of the real GPU, between two peers on loopback: the provider's own prover, through the ONNX engine. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chainMultiplier, findProvider } from '../../src/executor/capacity/chain.ts'
import { OnnxEngine } from '../../src/executor/onnx/engine.ts'
import { onnxPack } from '../../src/executor/packs/onnx-pack.ts'
import { packFolder, packMark } from '../../src/executor/packs/pack.ts'
import { identityFromSeed } from '../../src/p2p/identity.ts'
import { createPeerNetwork, type P2PNetwork } from '../../src/p2p/network.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { productAnswerer } from '../../src/peer/capacity/answers/product.ts'
import { Challenger } from '../../src/peer/capacity/challenger.ts'
import { Prover } from '../../src/peer/capacity/prover.ts'
import { MATRIX_MAX } from '../../src/protocol/limits.ts'
import type { GpuKeeper } from '../../src/protocol/ports/gpu.ts'
import { enginesFolder } from '../support/engines.ts'
import { noLog } from '../support/tasks.ts'

async function peer(seed = systemRandom.bytes(32)): Promise<P2PNetwork> {
  const network = await createPeerNetwork({
    ...{ profile: 'full', networkId: 'gpu', seed, listen: ['/ip4/127.0.0.1/tcp/0'] },
    ...{ clock: systemClock, random: systemRandom, log: noLog }
  })
  await network.start()
  return network
}

/** Says what is missing and ends well where the engine is not here, or has no provider for this GPU. */
export async function challengeGpu(gpus: GpuKeeper, signal: AbortSignal): Promise<void> {
  const pack = packFolder(enginesFolder, onnxPack)
  if (!existsSync(packMark(pack)))
    return console.log('skipped: no challenge without ONNX Runtime; bring it with: npm run engines:install')
  const engine = new OnnxEngine({ clock: systemClock, log: noLog, pack, version: onnxPack.version })
  const lease = (s: AbortSignal) => gpus.lease('challenge', 0, s)
  const { provider, refused } = await findProvider({ engine, lease }, signal)
  if (provider === undefined)
    return console.log(
      `skipped: no challenge, the runtime does not compute on this GPU: ${refused.join('; ')}`
    )
  const network = await peer()
  const seed = systemRandom.bytes(32)
  const asker = await peer(seed)
  const multiplier = chainMultiplier({ engine, provider, lease })
  const answerers = new Map([['gpu', productAnswerer(multiplier, true)] as const])
  const prover = new Prover({ clock: systemClock, log: noLog, network, busy: () => undefined, answerers })
  network.handle('attest', async () => ({}))
  await prover.start()
  try {
    const parts = { clock: systemClock, random: systemRandom, log: noLog, network: asker }
    const challenger = new Challenger({ ...parts, identity: identityFromSeed(seed) })
    const target = { peer: network.peerId, addresses: network.addresses() }
    for (const steps of [1, 16, 256]) {
      const task = { kind: 'gpu', size: MATRIX_MAX, steps } as const
      const [outcome] = await challenger.challenge([target], task, signal)
      assert.equal(outcome?.reason, undefined, 'an honest GPU is attested')
      console.log(
        `${provider}, ${steps} products: ${outcome?.attestation?.score} million multiply-adds a second`
      )
    }
  } finally {
    await prover.stop()
    await Promise.all([network.stop(), asker.stop()])
  }
}
