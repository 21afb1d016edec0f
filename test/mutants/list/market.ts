/** Bugs in choosing who gets the work. */
import { within, type Mutant } from '../mutant.ts'

const award = ['test/unit/market/award.test.ts']
const eligibility = ['test/unit/market/eligibility.test.ts']

export const market: readonly Mutant[] = within('src/market', [
  {
    id: 'any-image-is-run',
    file: 'eligibility.ts',
    find: 'containers?.images.includes(wanted) === true ?',
    replace: 'containers !== undefined ?',
    means: 'a provider bids on a container whose image it does not run, and the job fails there',
    tests: eligibility
  },
  {
    id: 'tie-by-arrival',
    file: 'rules/best-value-1.ts',
    find: 'a.tie < b.tie ? -1 : 1',
    replace: '0',
    means: 'equal bids are won by whoever arrived first, so nobody can choose again',
    tests: award
  },
  {
    id: 'one-operator-two-copies',
    file: 'rules/best-value-1.ts',
    find: '!taken.has(b.operator) && ',
    replace: '',
    means: 'one operator gets several copies of a shard and agrees with itself',
    tests: award
  },
  {
    id: 'avoid-by-spelling',
    file: 'rules/best-value-1.ts',
    find: 'new Set(seat.avoid.map(a => a.toLowerCase()))',
    replace: 'new Set<string>(seat.avoid)',
    means: 'an operator that lost a shard gets it again when its address is spelt in capitals',
    tests: award
  },
  {
    id: 'audit-skips-bids',
    file: 'award.ts',
    find: 'if (again.bidRoot !== claimed.bidRoot)',
    replace: 'if (again.bidRoot === undefined)',
    means: 'an audit does not notice that a bid was left out',
    tests: award
  },
  {
    id: 'price-rounds-down',
    file: 'eligibility.ts',
    find: '(gas * askPerGiga + GIGA - 1n) / GIGA',
    replace: '(gas * askPerGiga) / GIGA',
    means: 'a provider sells the last part of its gas for nothing',
    tests: eligibility
  },
  {
    id: 'bids-after-the-end',
    file: 'eligibility.ts',
    find: "  if (me.over === true) return 'expired'\n",
    replace: '',
    means: 'a provider bids when bidding has ended',
    tests: eligibility
  },
  {
    id: 'energy-ignored',
    file: 'eligibility.ts',
    find: "if (offer.energy === 'renewable' && me.advert.energy !== 'renewable')",
    replace: "if (offer.energy === 'renewable' && me.advert.energy === 'unknown')",
    means: 'a job that asks for renewable energy runs on coal',
    tests: eligibility
  },
  {
    id: 'circle-never-whole',
    file: 'selection.ts',
    find: 'if (c.elapsed >= 0.5) return SPACE',
    replace: 'if (c.elapsed > 1) return SPACE',
    means: 'an offer in a large network may find no bidder at all',
    tests: ['test/unit/market/selection.test.ts']
  },
  {
    id: 'root-by-arrival',
    file: 'merkle.ts',
    find: '[...new Set(leaves)].sort()',
    replace: '[...new Set(leaves)]',
    means: 'the root over the bids depends on the order in which they came',
    tests: ['test/unit/market/merkle.test.ts']
  },
  {
    id: 'node-passes-for-leaf',
    file: 'merkle.ts',
    find: 'h = sha256.create().update(Uint8Array.of(prefix))',
    replace: 'h = sha256.create().update(Uint8Array.of(prefix & 0))',
    means: 'an inner node of the bid tree passes for a bid',
    tests: ['test/unit/market/merkle.test.ts']
  },
  {
    id: 'one-friend-proves',
    file: 'classes.ts',
    find: 'export const QUORUM = 2',
    replace: 'export const QUORUM = 1',
    means: 'the word of one friend makes a peer high-end',
    tests: ['test/unit/market/classes.test.ts']
  },
  {
    id: 'own-operator-proves',
    file: 'classes.ts',
    find: 'by === undefined || by === w.operator.toLowerCase()',
    replace: 'by === undefined',
    means: 'a second peer of the same operator proves the first one',
    tests: ['test/unit/market/classes.test.ts']
  },
  {
    id: 'full-score-each',
    file: 'classes.ts',
    find: 'Math.min(a.together, siblings)',
    replace: 'siblings',
    means: 'identities that take turns online each keep the score of the whole machine',
    tests: ['test/unit/market/classes.test.ts']
  },
  {
    id: 'rows-unread',
    file: 'product.ts',
    find: 'if (reduce(sum) !== expected[t]?.[index]) return',
    replace: 'if (sum === Infinity) return',
    means: 'a prover that has computed no row at all passes with A (B r)',
    tests: ['test/unit/market/product.test.ts']
  },
  {
    id: 'gpu-too-small',
    file: 'eligibility.ts',
    find: 'g.count > 0 && g.memoryBytes >= wanted',
    replace: 'g.count > 0',
    means: 'a job that needs 80 GB of a GPU goes to one with 8',
    tests: eligibility
  },
  {
    id: 'any-speed-is-plausible',
    file: 'work.ts',
    find: 'return min(used, ever)',
    replace: 'return used',
    means: 'a provider meters a thousand times what its own bid says it can do, and is paid for it',
    tests: ['test/unit/market/work.test.ts']
  },
  {
    id: 'any-price-buys-all',
    file: 'work.ts',
    find: 'bid.price === 0n ? bid.gas : min(bid.gas, (price * bid.gas) / bid.price)',
    replace: 'bid.gas',
    means: 'a requester pays a ten-thousandth of the bid and gets the whole work',
    tests: ['test/unit/market/work.test.ts']
  },
  {
    id: 'checkpoints-earn-all',
    file: 'work.ts',
    find: '(worth(used, bought) * CHECKPOINT_SHARE_BPS) / BPS',
    replace: 'worth(used, bought)',
    means: 'a provider that has shown its last checkpoint need not deliver the result',
    tests: ['test/unit/market/work.test.ts']
  }
])
