import { expect } from 'chai'
import type { Advert } from '../../../src/cli/offers/advert.ts'
import { parseFilter } from '../../../src/cli/offers/filter.ts'
import { groupOffers } from '../../../src/cli/offers/group.ts'
import { offerTable } from '../../../src/cli/offers/show.ts'
import { NOTHING } from '../../../src/market/classes.ts'
import { MiB } from '../../../src/protocol/limits.ts'
import { thrown } from '../../support/failures.ts'

const advert = (changes: Partial<Advert> = {}): Advert => ({
  peer: '12D3KooWsomepeer' as Advert['peer'],
  operator: '0xAbc' as Advert['operator'],
  class: 'general',
  engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: '250000000', ask: undefined }],
  gpus: [],
  attestations: [],
  proven: NOTHING,
  slotsFree: 2,
  slotsTotal: 4,
  memoryBytes: 1024 * MiB,
  diskBytes: 2048 * MiB,
  ask: '0.0002',
  region: 'eu',
  energy: 'grid',
  expires: 0,
  ...changes
})
const card = (memoryBytes: number): Advert['gpus'][number] => ({
  ...{ vendor: 'nvidia', model: 'Card', count: 1, free: 1 },
  memoryBytes
})
const fits = (filter: string, changes: Partial<Advert> = {}): boolean => parseFilter(filter)(advert(changes))

describe('a filter of offers', () => {
  const cases: readonly (readonly [string, Partial<Advert>, boolean])[] = [
    ['', {}, true],
    ['price<0.5', {}, true],
    ['price<0.0002', {}, false],
    ['price<=0.0002', {}, true],
    ['price=0.00020', {}, true],
    ['price>0.000199999999999999', {}, true],
    ['memory:1GiB..', {}, true],
    ['memory:1025MiB..', {}, false],
    ['memory:..1GiB', {}, true],
    ['memory:512MiB..2GiB', {}, true],
    ['disk>=2GiB', {}, true],
    ['slots>2', {}, false],
    ['speed>=250', {}, true],
    ['speed>250', {}, false],
    ['region=eu', {}, true],
    ['region=EU', {}, true],
    ['region=us,eu', {}, true],
    ['region!=eu', {}, false],
    ['region:us', {}, false],
    ['energy=renewable', { energy: 'renewable' }, true],
    ['image=upload', { containers: { images: [], uploads: true } }, true],
    ['image=upload', { containers: { images: ['sha256:ab'], uploads: false } }, false],
    ['image=sha256:ab', { containers: { images: ['sha256:ab'], uploads: false } }, true],
    ['image=sha256:ab', {}, false],
    ['engine=wasm isolation=process class=general', {}, true],
    ['operator=0xabc', {}, true],
    ['gpu:24GB..80GB', {}, false],
    ['gpu=0', {}, true],
    ['gpu:24GB..80GB', { gpus: [card(80 * 10 ** 9)] }, true],
    ['gpu:24GB..', { gpus: [card(8 * 10 ** 9), card(24 * 10 ** 9)] }, true],
    ['gpu:24GB..', { gpus: [card(8 * 10 ** 9)] }, false],
    ['  price<0.5   region=us ', {}, false]
  ]
  for (const [filter, changes, expected] of cases)
    it(`'${filter}' ${expected ? 'fits' : 'does not fit'}`, () =>
      expect(fits(filter, changes)).to.equal(expected))

  const mistakes: readonly (readonly [string, number, string])[] = [
    ['pirce<0.5', 1, "did you mean 'price'?"],
    ['region=eu xyzzyx=1', 11, 'known keys'],
    ['region=eu price', 11, 'KEY=VALUE'],
    ['price<cheap', 1, 'no amount'],
    ['memory:lots..', 1, 'such as 16GiB'],
    ['memory:..', 1, '24GB..80GB'],
    ['region<eu', 1, '= or !='],
    ['slots>two', 1, 'whole number'],
    ['constructor=1', 1, 'unknown key']
  ]
  for (const [filter, col, says] of mistakes)
    it(`'${filter}' is refused with a caret`, () => {
      const e = thrown(() => parseFilter(filter), 'USAGE')
      expect(e.message).to.contain(`filter:1:${col} `).and.contain(says)
      expect(e.message.split('\n').at(-1)).to.equal(`  ${' '.repeat(col - 1)}^`)
      expect(e.next).to.contain('shoal offers')
    })
})

describe('grouped offers', () => {
  it('one line for each value, cheapest first, with free slots, cheapest and median ask', () => {
    const offers = [
      advert({ region: 'us', ask: '10' }),
      advert({ region: 'eu', ask: '9' }),
      advert({ region: 'us', ask: '2', slotsFree: 5 }),
      advert({ region: 'us', ask: '30' })
    ]
    expect(groupOffers(offers, 'region')).to.deep.equal([
      { value: 'us', offers: 3, slotsFree: 9, cheapest: '2', median: '10' },
      { value: 'eu', offers: 1, slotsFree: 2, cheapest: '9', median: '9' }
    ])
    expect(groupOffers(offers, 'gpu')).to.have.lengthOf(1)
  })

  it('an unknown key is refused, the nearest is named', () => {
    expect(thrown(() => groupOffers([], 'regoin'), 'USAGE').message).to.contain("did you mean 'region'?")
    expect(thrown(() => groupOffers([], 'price'), 'USAGE').next).to.contain('region')
  })
})

describe('the table of offers', () => {
  it('is numbered and shows what a shard costs there', () => {
    const text = offerTable([advert(), advert({ ask: '0.5' })], () => 4n * 10n ** 15n)
    expect(text).to.match(/#.*peer.*ask\/Ggas.*a shard/)
    expect(text).to.match(/\n *1 .*0\.0002.*0\.004/)
    expect(text).to.match(/\n *2 .*0\.5.*0\.004/)
  })
})
