/** Bugs in what is said: records, amounts, archives, and the tables of what may happen next. */
import { within, type Mutant } from '../mutant.ts'

const game = ['test/unit/game/game.test.ts']
const bundle = ['test/unit/protocol/bundle.test.ts']

export const protocol: readonly Mutant[] = within('src/protocol', [
  {
    id: 'two-spellings-of-a-record',
    file: 'codec.ts',
    find: 'if (Buffer.compare(encode(value), bytes) !== 0) throw refusal(GARBAGE)',
    replace: 'if (encode(value).byteLength > bytes.byteLength) throw refusal(GARBAGE)',
    means: 'one record has several encodings, so several names and signatures',
    tests: ['test/unit/protocol/codec.test.ts', 'test/unit/protocol/strange-values.test.ts']
  },
  {
    id: 'largest-record-refused',
    file: 'codec.ts',
    find: 'if (bytes.byteLength > max) {',
    replace: 'if (bytes.byteLength >= max) {',
    means: 'a record of exactly the largest size is refused',
    tests: ['test/unit/protocol/codec.test.ts', 'test/unit/protocol/limits.test.ts']
  },
  {
    id: 'amount-over-128-bits',
    file: 'fields.ts',
    find: 'n <= UINT128_MAX',
    replace: 'n <= UINT128_MAX * 2n',
    means: 'an amount passes that no contract can hold: the escrow never opens',
    tests: ['test/unit/protocol/limits.test.ts', 'test/unit/protocol/records.test.ts']
  },
  {
    id: 'kib-is-1000',
    file: 'units.ts',
    find: '  KiB: 1024,',
    replace: '  KiB: 1000,',
    means: '64KiB in a job file is less than 64 KiB',
    tests: ['test/unit/protocol/units.test.ts']
  },
  {
    id: 'half-a-token-is-five-units',
    file: 'money.ts',
    find: ".padEnd(DECIMALS, '0'))",
    replace: ".padStart(DECIMALS, '0'))",
    means: 'a price of 0.5 is worth five of the smallest units',
    tests: ['test/unit/protocol/units.test.ts']
  },
  {
    id: 'kinds-not-separated',
    file: 'signing.ts',
    find: '`shoal/${kind}/1\\n`',
    replace: '`shoal/record/1\\n`',
    means: 'what was signed as one kind of record passes for another',
    tests: ['test/unit/protocol/vectors.test.ts', 'test/unit/protocol/golden.test.ts']
  },
  {
    id: 'path-climbs-out',
    file: 'bundle.ts',
    find: "segment === '' || segment === '.' || segment === '..'",
    replace: "segment === '' || segment === '.'",
    means: "a provider's result writes outside of the output folder",
    tests: bundle
  },
  {
    id: 'bytes-behind-a-bundle',
    file: 'bundle.ts',
    find: '    if ((await input.some(1)) !== undefined)',
    replace: '    if ((await input.some(1))?.byteLength === 0)',
    means: 'equal outputs differ in their hashes: bytes can be hidden behind the end',
    tests: bundle
  },
  {
    id: 'bundle-bytes-by-file',
    file: 'bundle.ts',
    find: '      bytes += size\n',
    replace: '      bytes = size\n',
    means: 'many files that are each below the limit fill the disk',
    tests: bundle
  },
  {
    id: 'map-grows',
    file: 'bounded-map.ts',
    find: 'if (this.#entries.size >= this.#max) {',
    replace: 'if (this.#entries.size > 8 * this.#max) {',
    means: 'strangers fill the memory of a peer eight times over',
    tests: ['test/unit/p2p/quota.test.ts', 'test/unit/p2p/scores.test.ts']
  },
  {
    id: 'table-takes-lower-receipt',
    file: 'machines/escrow-rules.ts',
    find: 'if (amount <= slot.acknowledged || amount > r.price)',
    replace: 'if (amount > r.price)',
    means: 'a receipt with a lower amount replaces a higher one',
    tests: game
  },
  {
    id: 'fee-rounds-up',
    file: 'machines/escrow-rules.ts',
    find: '(gross * feeBps) / BPS',
    replace: '(gross * feeBps + BPS - 1n) / BPS',
    means: 'a pay of one unit is all fee',
    tests: ['test/contracts/escrow-table.test.ts']
  },
  {
    id: 'refund-in-the-last-second',
    file: 'machines/escrow.ts',
    find: "escrow.state === 'open' && now > graceEnds(a)",
    replace: "escrow.state === 'open' && now >= graceEnds(a)",
    means: 'a requester takes its money back while receipts still count',
    tests: game
  },
  {
    id: 'window-closes-early',
    file: 'machines/escrow.ts',
    find: 'e.deliveredAt + BigInt(a.challengeWindow)',
    replace: 'e.deliveredAt + BigInt(a.challengeWindow) - 1n',
    means: 'the window for a dispute closes one second early',
    tests: ['test/contracts/escrow-table.test.ts']
  },
  {
    id: 'ruling-below-acknowledged',
    file: 'machines/escrow-rules.ts',
    find: 'gross: atLeast(slot.acknowledged, share(claimOf(slot, r), call.providerBps))',
    replace: 'gross: share(claimOf(slot, r), call.providerBps)',
    means: 'a ruling takes back what the requester had acknowledged',
    tests: game
  },
  {
    id: 'late-result-ignored',
    file: 'machines/execution.ts',
    find: "lost: { deliver: 'delivered', dispute",
    replace: 'lost: { dispute',
    means: 'a result that comes after the lease is never paid for',
    tests: ['test/unit/protocol/machines.test.ts']
  },
  {
    id: 'cancel-after-the-results',
    file: 'machines/job.ts',
    find: "gathering: { gathered: 'settling', fail: 'failing', cancel: 'cancelling' }",
    replace: "gathering: { gathered: 'settled', fail: 'failing', cancel: 'cancelling' }",
    means: 'a late cancel throws away results that are paid for',
    tests: ['test/unit/protocol/machines.test.ts']
  }
])
