/** Bugs between a peer and the chain. */
import { within, type Mutant } from '../mutant.ts'

const sender = ['test/unit/settlement/sender.test.ts']
const pages = ['test/unit/settlement/log-pages.test.ts']
const answers = ['test/unit/settlement/answers.test.ts']
const time = ['test/unit/settlement/time.test.ts']
const fate = ['test/unit/settlement/fate.test.ts']
const watcher = ['test/unit/settlement/watcher.test.ts']
const keys = ['test/unit/settlement/keys.test.ts']

export const settlement: readonly Mutant[] = within('src/settlement', [
  {
    id: 'sent-before-journalled',
    file: 'tx/book.ts',
    find: '    await this.parts.journal.write({ put: [intent] })\n    const p =',
    replace: '    const p =',
    means: 'a transaction is on its way that a crash makes us forget, and do again',
    tests: sender
  },
  {
    id: 'nonce-given-twice',
    file: 'tx/book.ts',
    find: 'const ours = Math.max(latest, ...held.map(p => p.intent.nonce + 1))',
    replace: 'const ours = Math.max(latest, held.length === 0 ? 0 : latest)',
    means: 'of two actions at the same time one replaces the other',
    tests: sender
  },
  {
    id: 'known-is-refused',
    file: 'tx/book.ts',
    find: "if (kind === 'known') return undefined",
    replace: "if (kind === 'known') return { kind: 'call', refused }",
    means: 'a payment that is on its way is reported as refused',
    tests: sender
  },
  {
    id: 'replacement-too-cheap',
    file: 'tx/fees.ts',
    find: 'maxFee: (f.maxFee * 5n) / 4n + 1n',
    replace: 'maxFee: f.maxFee + 1n',
    means: 'a stuck transaction is stuck for ever: nodes refuse its replacement',
    tests: sender
  },
  {
    id: 'fee-cap-ignored',
    file: 'tx/fees.ts',
    find: 'const maxFee = cap < wanted ? cap : wanted',
    replace: 'const maxFee = cap < 0n ? cap : wanted',
    means: 'a peer pays more for gas than its owner allowed',
    tests: sender
  },
  {
    id: 'no-cap-of-its-own',
    file: 'tx/fees.ts',
    find: 'const maxFee = wanted < cap ? wanted : cap',
    replace: 'const maxFee = wanted',
    means: 'a replacement costs whatever a chain, or its RPC, makes of it',
    tests: fate
  },
  {
    id: 'forgotten-when-mined',
    file: 'tx/follower.ts',
    find: 'if (head - block >= this.#book.parts.options.confirmations) return',
    replace: 'if (head - block >= 0) return',
    means: 'a transaction that a reorganisation takes back is never sent again',
    tests: sender
  },
  {
    id: 'nonce-taken-believed-at-once',
    file: 'tx/fate.ts',
    find: 'if (depth < options.confirmations) {',
    replace: 'if (depth < 0) {',
    means: "a stranger's transaction is taken back, and the payment is made under two nonces",
    tests: fate
  },
  {
    id: 'silence-is-another',
    file: 'tx/fate.ts',
    find: '    if (found === undefined)\n      return this.#book.wait(',
    replace:
      '    if (found === undefined)\n      return await this.#book.lane.run(() => this.#forms.renew(p, p.intent.hashes[0] ?? p.intent.hashes[1]!, p.intent.nonce + 1))\n    if (found === undefined)\n      return this.#book.wait(',
    means: 'receipts that come late make many payments out of one',
    tests: fate
  },
  {
    id: 'own-copy-is-another',
    file: 'tx/fate.ts',
    find: 'if (!known && !carries(found, intent)) return',
    replace: 'if (!known) return',
    means: 'what a copy of this home has paid is paid again',
    tests: fate
  },
  {
    id: 'unheard-is-heard',
    file: 'tx/book.ts',
    find: 'once === true : !p.told || contract === ONE_WAY',
    replace: 'once === true : contract === ONE_WAY',
    means: 'a person who was told that it goes on asks again, and pays twice',
    tests: fate
  },
  {
    id: 'told-when-it-gave-up',
    file: 'tx/sender.ts',
    find: '      const hash = await abortable(p.end.done, o.signal)',
    replace: '      p.told = true\n      const hash = await abortable(p.end.done, o.signal)',
    means: 'a payment whose caller gave up is made again by the next one',
    tests: fate
  },
  {
    id: 'price-for-a-lost-one',
    file: 'tx/follower.ts',
    find: "(await whereIs(rpc, hash, signal)) === 'pool'",
    replace: "(await whereIs(rpc, hash, signal)) !== 'nowhere'",
    means: 'a transaction that nodes dropped gets dearer and dearer',
    tests: fate
  },
  {
    id: 'unsure-refusal-believed',
    file: 'tx/sender.ts',
    find: "refusal.kind !== 'call' || refusal.refused.unsure",
    replace: "refusal.kind !== 'call'",
    means: 'a payment that the first RPC took is forgotten because the second refused it',
    tests: fate
  },
  {
    id: 'revert-repeated-at-once',
    file: 'tx/reverts.ts',
    find: 'return head < last.block + pause ? last.error : undefined',
    replace: 'return head < last.block ? last.error : undefined',
    means: 'a step that another has taken costs gas again and again over an RPC that lags',
    tests: sender
  },
  {
    id: 'hole-widened',
    file: 'tx/gap.ts',
    find: 'if (others > 0 || missing.length > FILL_MAX) return',
    replace: 'if (missing.length > 0) return',
    means: 'payments behind a missing nonce wait for ever',
    tests: sender
  },
  {
    id: 'page-stays',
    file: 'watch/log-pages.ts',
    find: 'this.#page = this.#works > 0 ? this.#works : Math.floor(size / 2)',
    replace: 'this.#page = Math.max(this.#works, size)',
    means: 'an RPC that allows fewer blocks is asked the same for ever: jobs never settle',
    tests: pages
  },
  {
    id: 'blind-in-silence',
    file: 'watch/log-pages.ts',
    find: 'if (blindness === undefined || this.#said) return',
    replace: 'if (blindness === undefined || !this.#said) return',
    means: 'nobody hears that events cannot be read',
    tests: pages
  },
  {
    id: 'limit-is-a-rate',
    file: 'rpc/answer.ts',
    find: "code === LIMIT && method !== 'eth_getLogs'",
    replace: 'code === LIMIT',
    means: 'a query for too many events is repeated instead of made smaller',
    tests: answers
  },
  {
    id: 'anothers-answer',
    file: 'rpc/answer.ts',
    find: 'if (answer.id !== id && (answer.id !== null || error === undefined))',
    replace: 'if (id < 0)',
    means: 'an answer to another question is taken for ours',
    tests: answers
  },
  {
    id: 'pause-not-kept',
    file: 'rpc/several.ts',
    find: 'if (way.pause > 0) {',
    replace: 'if (way.pause < 0) {',
    means: 'an RPC that asks for a pause is asked on, until it shuts us out',
    tests: answers
  },
  {
    id: 'stopped-chain-has-time',
    file: 'time/chain-clock.ts',
    find: 'if (this.#samples.length < SAMPLES_MIN || this.#standsStill()) return undefined',
    replace: 'if (this.#samples.length < SAMPLES_MIN) return undefined',
    means: 'deadlines are held against a time that the chain does not have',
    tests: time
  },
  {
    id: 'clock-of-this-machine',
    file: 'time/chain-clock.ts',
    find: 'seconds: (this.#clock.monotonic() + offset) / 1000',
    replace: 'seconds: this.#clock.now() / 1000',
    means: 'a wrong clock of this machine is taken for the chain',
    tests: time
  },
  {
    id: 'waiting-is-no-time',
    file: 'time/pace.ts',
    find: 'Math.max(LEAST_MS, measured, waitingMs)',
    replace: 'Math.max(LEAST_MS, measured)',
    means: 'work is taken on although the chain takes nothing at the moment',
    tests: time
  },
  {
    id: 'replaced-block-is-depth',
    file: 'depth.ts',
    find: '(await blockHashAt(this.#parts.rpc, first.block, signal)) === first.hash',
    replace: '(await blockHashAt(this.#parts.rpc, first.block, signal)) !== null',
    means: 'work begins on an opening that a reorganisation has just taken back',
    tests: ['test/unit/settlement/depth.test.ts']
  },
  {
    id: 'event-twice',
    file: 'watch/watcher.ts',
    find: 'a.block === b.block && a.index > b.index',
    replace: 'a.block === b.block && a.index >= b.index',
    means: 'after a restart the last event is handled twice',
    tests: watcher
  },
  {
    id: 'event-noted-before-handled',
    file: 'watch/watcher.ts',
    find: '      try {\n        await this.#onEvent(event)',
    replace:
      '      this.#cursor = event.cursor\n      await this.#save()\n      try {\n        await this.#onEvent(event)',
    means: 'an event whose handling a crash interrupts is lost',
    tests: watcher
  },
  {
    id: 'reorganisation-unnoticed',
    file: 'watch/watcher.ts',
    find: 'if (kept.length === this.#blocks.length) return',
    replace: 'if (kept.length <= this.#blocks.length) return',
    means: 'a peer goes on with payments that the chain took back',
    tests: watcher
  },
  {
    id: 'fee-told-as-pay',
    file: 'watch/decode.ts',
    find: "fee: amount('fee'),",
    replace: "fee: amount('paid'),",
    means: 'the books of a peer show the wrong fee',
    tests: ['test/integration/settlement/lifecycle.test.ts']
  },
  {
    id: 'any-chain-id',
    file: 'keys/typed.ts',
    find: '  chainId: network.chainId,',
    replace: '  chainId: 1n,',
    means: "a signature of another network's agreement is accepted",
    tests: keys
  },
  {
    id: 'any-escrow',
    file: 'keys/typed.ts',
    find: 'verifyingContract: network.escrow',
    replace: "verifyingContract: '0x0000000000000000000000000000000000000001' as Address",
    means: 'an agreement can be opened in a second deployment on the same chain',
    tests: keys
  },
  {
    id: 'receipt-thought-there',
    file: 'effects.ts',
    find: 'e.acknowledged >= amount ||',
    replace: 'e.acknowledged > 0n ||',
    means: 'after the first receipt no higher one is put on the chain: work is not paid',
    tests: ['test/unit/settlement/effects.test.ts']
  },
  {
    id: 'delivery-thought-there',
    file: 'effects.ts',
    find: "e.deliveredAt > 0n || e.outcome === 'accepted'",
    replace: 'e.outcome !== undefined || e.deliveredAt > 0n',
    means: 'a provider believes that it delivered into an escrow that was refunded',
    tests: ['test/unit/settlement/effects.test.ts']
  },
  {
    id: 'any-code',
    file: 'generation.ts',
    find: "return Buffer.from(sha256(masked)).toString('hex') === wanted",
    replace: "return Buffer.from(sha256(masked)).toString('hex') !== ''",
    means: 'a vault with a back door passes for ours when it is wired like ours',
    tests: ['test/integration/settlement/generation-1.test.ts']
  },
  {
    id: 'old-network-opens',
    file: 'actions.ts',
    find: '      refuseOldGeneration({ generation: generation() })\n      await on(a,',
    replace: '      await on(a,',
    means: 'money is locked in contracts that are known to be unsafe',
    tests: ['test/integration/settlement/generation-1.test.ts']
  },
  {
    id: 'old-delivery-unheard',
    file: 'watch/decode.ts',
    find: '?? firstInterface().parseLog(log)',
    replace: '?? null',
    means: 'on an old network nobody hears that a provider has committed its result',
    tests: ['test/integration/settlement/generation-1.test.ts']
  },
  {
    id: 'limit-found-by-sending',
    file: 'funds.ts',
    find: '      withinLimit(guard, address, to, amount)\n',
    replace: '',
    means: 'a withdrawal above the limit is sent, pays gas and says less',
    tests: ['test/integration/settlement/lifecycle.test.ts']
  },
  {
    id: 'other-chain-behind-a-url',
    file: 'rpc/several.ts',
    find: 'if (actual !== chainId)',
    replace: 'if (actual === 0n)',
    means: 'a spare RPC that serves another chain is believed',
    tests: ['test/unit/settlement/several.test.ts']
  },
  {
    id: 'newest-blocks-pruned',
    file: 'chain/prune.ts',
    find: 'number > best - kept',
    replace: 'number < best - kept',
    means: 'the embedded chain loses the blocks that watchers look for',
    tests: ['test/unit/settlement/prune.test.ts']
  },
  {
    id: 'web-page-on-the-chain',
    file: 'chain/filter.ts',
    find: "if (origin !== undefined) return { status: 403, reason: 'foreign origin' }",
    replace: '',
    means: "any web page in the owner's browser talks to the embedded chain",
    tests: ['test/integration/settlement/proxy.test.ts']
  }
])
