/** Chains of products through the ONNX engine, with its CPU provider in the place of a GPU's. */
import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { chainMultiplier, findProvider } from '../../../src/executor/capacity/chain.ts'
import { chainOf, residue } from '../../../src/market/chain.ts'
import { makeAnswerers } from '../../../src/peer/capacity/answerers.ts'
import { productAnswerer } from '../../../src/peer/capacity/answers/product.ts'
import { Challenger, type Outcome } from '../../../src/peer/capacity/challenger.ts'
import { Prover } from '../../../src/peer/capacity/prover.ts'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { Matrices, Multiplier } from '../../../src/protocol/ports/capacity.ts'
import type { GpuKeeper, GpuLease } from '../../../src/protocol/ports/gpu.ts'
import { needOnnx } from '../../support/engines.ts'
import { onnxEngine } from '../../support/onnx.ts'
import { filled } from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'
import { addressOf, startPeer, stopAll, systemClock, systemRandom } from '../p2p/fixtures.ts'

const { signal } = new AbortController()

/** By plain arithmetic. */
function computed({ n, a, bt, chain }: Matrices): Int32Array {
  let d = Int32Array.from(a)
  for (const scale of chain?.scales ?? []) {
    const next = new Int32Array(n * n)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let k = 0; k < n; k++) sum += (d[i * n + k] ?? 0) * (scale[k] ?? 0) * (bt[j * n + k] ?? 0)
        next[i * n + j] = residue(sum)
      }
    d = next
  }
  return d
}

describe('chains of products in the ONNX engine', function () {
  this.timeout(120_000)
  let pack = ''
  const stops: (() => Promise<void>)[] = []
  before(function () {
    pack = needOnnx(this)
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await stopAll()
  })
  const standIn = (): Multiplier => chainMultiplier({ engine: onnxEngine(pack), provider: 'cpu' })

  async function challenge(
    multiplier: Multiplier,
    size: number,
    steps: number
  ): Promise<Outcome | undefined> {
    const network = await startPeer()
    const prover = new Prover({
      ...{ clock: systemClock, log: noLog, network, busy: () => undefined },
      answerers: new Map([['gpu', productAnswerer(multiplier, true)]])
    })
    await prover.start()
    stops.push(() => prover.stop())
    network.handle('attest', async () => ({}))
    const seed = new Uint8Array(randomBytes(32))
    const asker = await startPeer({ seed })
    const parts = { clock: systemClock, random: systemRandom, log: noLog, network: asker }
    const challenger = new Challenger({ ...parts, identity: identityFromSeed(seed) })
    return (await challenger.challenge([addressOf(network)], { kind: 'gpu', size, steps }, signal))[0]
  }

  it('give exactly what plain arithmetic gives, for any number of rows and steps', async () => {
    for (const [n, steps] of [
      [1, 1],
      [33, 5],
      [96, 3]
    ] as const) {
      const m = chainOf(filled(n), n, steps)
      expect(await standIn().multiply(m, signal), `${n} rows`).to.deep.equal(computed(m))
    }
  })

  it('are attested over real connections, also the largest matrices', async () => {
    const small = await challenge(standIn(), 128, 8)
    expect(small?.reason).to.equal(undefined)
    const large = await challenge(standIn(), 2_048, 2)
    expect(large?.reason).to.equal(undefined)
    expect(large?.attestation?.kind).to.equal('gpu')
    // the start of the engine counts: some seconds for 17,000 million multiply-adds
    expect(large?.attestation?.score).to.be.above(500)
    console.log(
      `      ${large?.attestation?.score} million multiply-adds a second, two products of 2048 rows`
    )
  })

  it('a step left out, half of the rows and a plain product get nothing', async () => {
    const of = (change: (m: Matrices) => Promise<Int32Array>): Multiplier => ({ lanes: 1, multiply: change })
    const one = standIn()
    const fewer = of(m =>
      one.multiply({ ...m, chain: { modulus: 31, scales: m.chain?.scales.slice(1) ?? [] } }, signal)
    )
    const half = of(async m => {
      const c = await one.multiply(m, signal)
      return c.fill(0, c.length / 2)
    })
    for (const cheat of [fewer, half]) {
      const outcome = await challenge(cheat, 96, 3)
      expect(outcome?.attestation).to.equal(undefined)
      expect(outcome?.reason).to.match(/is wrong/)
    }
  })

  it('providers that are none of a GPU, or not there, are refused; the first that computes rightly is taken', async () => {
    const engine = onnxEngine(pack)
    const none = await findProvider({ engine }, signal)
    expect(none.provider, 'no GPU here, or the test is wrong').to.equal(undefined)
    expect(none.refused.join())
      .to.match(/cuda/)
      .and.match(/webgpu/)
    expect((await findProvider({ engine }, signal, ['cuda', 'cpu'])).provider).to.equal('cpu')
  })

  it('a peer shows the gpu kind only with a GPU that is leased to the challenge and works', async () => {
    const leased: string[] = []
    const lease = { release: async () => void leased.push('back') } as unknown as GpuLease
    const gpus = (count: number): GpuKeeper =>
      ({
        refresh: async () => undefined,
        list: () => Array.from({ length: count }, () => ({})),
        lease: async (holder: string) => (leased.push(holder), { ...lease, devices: [] })
      }) as unknown as GpuKeeper
    const kinds = async (count: number, gpuProviders?: readonly ['cpu']): Promise<string[]> => {
      const ctx = {
        ...{ clock: systemClock, log: noLog, files: {}, home: { root: '/nowhere' } },
        ...{ engines: new Map([['onnx', onnxEngine(pack)]]), gpus: gpus(count), stopping: signal }
      } as never
      const offered = () => ({ memory: 0, disk: 0 })
      return [...(await makeAnswerers({ ctx, slots: 1, offered, gpuProviders })).keys()]
    }
    const others = ['memory', 'disk', 'network']
    expect(await kinds(0, ['cpu'])).to.deep.equal(others)
    expect(await kinds(1), 'the runtime has no provider of a GPU here').to.deep.equal(others)
    expect(await kinds(1, ['cpu'])).to.deep.equal(['gpu', ...others])
    expect(leased.slice(-2)).to.deep.equal(['challenge', 'back'])
  })
})
