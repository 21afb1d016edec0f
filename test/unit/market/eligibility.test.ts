import { expect } from 'chai'
import { askOf, priceOf, refusal, type BidderState, type Refusal } from '../../../src/market/eligibility.ts'
import { GiB } from '../../../src/protocol/limits.ts'
import type { ImageNeed } from '../../../src/protocol/records/container.ts'
import type { GpuOffer } from '../../../src/protocol/records/gpu.ts'
import type { OfferBody } from '../../../src/protocol/records/offer.ts'
import type { Needs } from '../../../src/protocol/records/needs.ts'
import { hex, needs as allNeeds, offerBody, provider, requester } from '../../support/records.ts'

const me: BidderState = {
  operator: provider.operator.address,
  advert: {
    class: 'general',
    engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: 250_000_000n }],
    slotsFree: 1,
    memoryBytes: 2 ** 27,
    diskBytes: 2 ** 26,
    ask: 500_000_000_000_000n,
    region: 'eu',
    energy: 'renewable'
  },
  rules: ['best-value/1']
}
/** As in the offer, where the version of the engine matters. */
const ENGINE_NEEDS: Needs = { ...allNeeds, gas: 1n, memoryBytes: 1, diskBytes: 1, wallMs: 1 }
const lower = (a: string) => a.toLowerCase() as typeof me.operator

describe('whether a provider may bid', () => {
  let offer: OfferBody
  before(async () => {
    // twenty giga of gas at this ask is the ceiling to the unit; memory and disk fit exactly
    offer = await offerBody(requester)
  })

  it('an offer that fits exactly gets no refusal', () => {
    expect(refusal(offer, me)).to.equal(undefined)
    expect(refusal({ ...offer, region: 'eu', energy: 'renewable' }, me)).to.equal(undefined)
  })

  const advert = (changes: Partial<BidderState['advert']>): BidderState => ({
    ...me,
    advert: { ...me.advert, ...changes }
  })
  const needs = ENGINE_NEEDS
  const gpu = (gpuMemoryBytes: number): Partial<OfferBody> => ({ needs: { ...needs, gpuMemoryBytes } })
  const image = (wanted: ImageNeed): Partial<OfferBody> => ({ needs: { ...needs, image: wanted } })
  const card = (memoryBytes: number, free: number): GpuOffer => ({
    ...{ vendor: 'nvidia', model: 'Card', count: 1 },
    ...{ memoryBytes, free }
  })
  const cases: readonly (readonly [Refusal, Partial<OfferBody>, BidderState])[] = [
    ['expired', {}, { ...me, over: true }],
    ['own-offer', {}, { ...me, operator: lower(requester.operator.address) }],
    ['excluded', { excluded: [lower(provider.operator.address)] }, me],
    ['rule-unknown', { rule: 'best-value/2' }, me],
    ['rule-unknown', {}, { ...me, rules: [] }],
    ['engine-missing', {}, advert({ engines: [] })],
    ['engine-version', { needs: { ...ENGINE_NEEDS, engineVersion: '2' } }, me],
    ['no-free-slot', {}, advert({ slotsFree: 0 })],
    ['memory-short', {}, advert({ memoryBytes: 2 ** 27 - 1 })],
    ['disk-short', {}, advert({ diskBytes: 2 ** 26 - 1 })],
    ['class-too-low', { class: 'high-end' }, me],
    ['class-too-low', {}, advert({ class: 'storage' })],
    ['image-missing', image(hex(0x44)), advert({})],
    ['image-missing', image(hex(0x44)), advert({ containers: { images: [hex(0x45)], uploads: true } })],
    ['uploads-refused', image('upload'), advert({})],
    ['uploads-refused', image('upload'), advert({ containers: { images: [hex(0x44)], uploads: false } })],
    ['gpu-missing', gpu(0), me],
    ['gpu-missing', gpu(25 * GiB), advert({ gpus: [card(24 * GiB, 1)] })],
    ['gpu-busy', gpu(20 * GiB), advert({ gpus: [card(24 * GiB, 0), card(8 * GiB, 1)] })],
    ['region-differs', { region: 'us' }, me],
    ['energy-differs', { energy: 'renewable' }, advert({ energy: 'grid' })],
    ['energy-differs', { energy: 'renewable' }, advert({ energy: 'unknown' })],
    ['too-slow', {}, advert({ engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: 0n }] })],
    ['price-below-ask', {}, advert({ ask: 500_000_000_000_001n })]
  ]
  for (const [reason, change, state] of cases) {
    it(`the first reason against it is named: ${reason}`, () => {
      expect(refusal({ ...offer, ...change }, state)).to.equal(reason)
    })
  }

  it('an image that the provider names, or one that comes along where those are taken, is no reason', () => {
    const state = advert({ containers: { images: [hex(0x44), hex(0x45)], uploads: false } })
    expect(refusal({ ...offer, ...image(hex(0x45)) }, state)).to.equal(undefined)
    const open = advert({ containers: { images: [], uploads: true } })
    expect(refusal({ ...offer, ...image('upload') }, open)).to.equal(undefined)
  })

  it('a free GPU that is large enough, and a class above the one that is asked for, are no reason', () => {
    const state = advert({ class: 'high-end', gpus: [card(8 * GiB, 0), card(24 * GiB, 1)] })
    expect(refusal({ ...offer, ...gpu(24 * GiB) }, state)).to.equal(undefined)
    expect(refusal({ ...offer, ...gpu(0) }, state)).to.equal(undefined)
  })

  it("an engine's own ask counts in place of the general one", () => {
    const engines = [{ ...me.advert.engines[0], ask: 500_000_000_000_001n }] as typeof me.advert.engines
    expect(refusal(offer, advert({ engines }))).to.equal('price-below-ask')
    expect(askOf({ engines, ask: 1n }, 'wasm')).to.equal(500_000_000_000_001n)
    expect(askOf({ engines, ask: 1n }, 'onnx')).to.equal(1n)
  })

  it('a price covers the whole gas limit, rounded up to the unit', () => {
    expect(priceOf(1_000_000_000n, 7n)).to.equal(7n)
    expect(priceOf(1n, 1n)).to.equal(1n)
    expect(priceOf(1_000_000_001n, 7n)).to.equal(8n)
    expect(priceOf(0n, 7n)).to.equal(0n)
    expect(priceOf(2n ** 128n - 1n, 2n ** 128n - 1n)).to.equal(
      ((2n ** 128n - 1n) ** 2n + 999_999_999n) / 1_000_000_000n
    )
  })
})
