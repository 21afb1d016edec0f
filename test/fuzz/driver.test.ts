import { expect } from 'chai'
import { allTargets } from './driver/all.ts'
import { checkSeeds, fuzz } from './driver/engine.ts'
import { cbor } from './driver/formats/cbor.ts'
import { raw } from './driver/formats/raw.ts'
import { allocates, slowOnLength } from './driver/plants.ts'
import { Rng } from './driver/rng.ts'
import type { Target } from './driver/target.ts'

const budget = (executions: number) => ({
  seconds: 20,
  executions,
  seed: 7,
  signal: new AbortController().signal
})

describe('the fuzzer', () => {
  let targets: Target[]
  before(async () => {
    targets = await allTargets()
  })

  it('knows every decoder by a name, with seeds that the decoder takes', async () => {
    expect(targets.length).to.be.at.least(70)
    for (const t of targets) await checkSeeds(t)
  })

  it('a seed that is refused is no seed', async () => {
    const [t] = targets
    const broken = { ...(t as Target), seeds: [Uint8Array.of(0xff)] }
    expect(await checkSeeds(broken).catch((e: unknown) => String(e))).to.include('is refused')
  })

  it('gives the same inputs for the same seed, others for another', () => {
    const seeds = (targets.find(t => t.name === 'bid') as Target).seeds
    for (const format of [cbor, raw]) {
      const inputs = (seed: number): string[] => {
        const make = format.prepare(seeds)
        const rng = new Rng(seed)
        return Array.from({ length: 50 }, () => Buffer.from(make(rng)).toString('hex'))
      }
      expect(inputs(3)).to.deep.equal(inputs(3))
      expect(inputs(3)).not.to.deep.equal(inputs(4))
    }
  })

  it('finds a fault that throws, and makes its input small', async () => {
    const bid = targets.find(t => t.name === 'bid') as Target
    const { findings } = await fuzz(bid, 'structure', budget(200_000), true)
    expect(findings[0]?.kind).to.equal('uncaught')
    expect(findings[0]?.input.length).to.be.lessThan(bid.seeds[0]?.length ?? 0)
  })

  it('finds a decoder that is slow, and one that allocates without measure', async () => {
    const agreement = targets.find(t => t.name === 'agreement') as Target
    const slow = await fuzz(
      { ...agreement, plant: slowOnLength(agreement.decode, 500) },
      'structure',
      budget(50_000),
      true
    )
    expect(slow.findings[0]?.kind).to.equal('slow')
    const greedy = await fuzz(
      { ...agreement, plant: allocates(agreement.decode) },
      'raw',
      budget(50_000),
      true
    )
    expect(greedy.findings[0]?.kind).to.equal('allocation')
  })

  it('has nothing against the decoders as they are, in a thousand inputs each', async function () {
    this.timeout(120_000)
    for (const t of targets)
      for (const mode of ['structure', 'raw'] as const) {
        const { findings } = await fuzz(t, mode, { ...budget(500), seconds: 2 })
        // the machine of a test may be busy: what is slow is judged by `npm run fuzz`
        expect(
          findings.filter(f => f.kind !== 'slow').map(f => f.message),
          `${t.name}, ${mode}`
        ).to.deep.equal([])
      }
  })
})
