/** Bugs in what a peer remembers and is told: journal, records, leftovers, job files, configuration. */
import { within, type Mutant } from '../mutant.ts'

const journal = ['test/unit/peer/journal.test.ts']
const records = ['test/unit/peer/records.test.ts']
const jobfile = ['test/unit/peer/jobfile.test.ts', 'test/fuzz/peer/jobfile.test.ts']
const home = ['test/unit/peer/home.test.ts']

export const peer: readonly Mutant[] = within('src/peer', [
  {
    id: 'told-before-written',
    file: 'journal/journal.ts',
    find: '    await this.#store.batch([\n      { put: keys.job(job.id), value: encode(job) },\n      await this.#history(job.id, what, detail)\n    ])\n    this.#emit({ kind: ',
    replace:
      "    this.#emit({ kind: 'job', job, what })\n    await this.#store.batch([\n      { put: keys.job(job.id), value: encode(job) },\n      await this.#history(job.id, what, detail)\n    ])\n    if (job.v !== 1) this.#emit({ kind: ",
    means: 'journal after acting: a full disk loses a job that was reported as taken',
    tests: journal
  },
  {
    id: 'history-overwritten',
    file: 'journal/journal.ts',
    find: 'n = Number(key.slice(prefix.length)) + 1',
    replace: 'n = Number(key.slice(prefix.length))',
    means: 'every restart overwrites the last line of the history',
    tests: journal
  },
  {
    id: 'attempts-share-a-key',
    file: 'journal/journal.ts',
    find: '`exec/${e.jobId}/${pad(e.shard)}/${pad(e.attempt)}/${e.copy}`',
    replace: '`exec/${e.jobId}/${pad(e.shard)}/${e.copy}`',
    means: 'a second attempt overwrites the first, whose money is then never taken back',
    tests: journal
  },
  {
    id: 'log-outlives-its-job',
    file: 'journal/journal.ts',
    find: '`hist/${id}/`, `log/${id}/`])',
    replace: '`hist/${id}/`])',
    means: 'the logs of forgotten jobs fill the disk',
    tests: ['test/unit/peer/retention.test.ts']
  },
  {
    id: 'forgets-unfinished-money',
    file: 'retention.ts',
    find: '    if (open) continue\n',
    replace: '',
    means: 'a job whose escrow is still open is forgotten, and its money with it',
    tests: ['test/unit/peer/retention.test.ts']
  },
  {
    id: 'newest-forgotten',
    file: 'retention.ts',
    find: '.sort((a, b) => a.created - b.created)',
    replace: '.sort((a, b) => b.created - a.created)',
    means: 'a peer forgets its newest jobs first',
    tests: ['test/unit/peer/retention.test.ts']
  },
  {
    id: 'paid-result-let-go',
    file: 'leftovers.ts',
    find: "live || e.closing?.outcome === 'released' ? e.result?.object : undefined",
    replace: 'live ? e.result?.object : undefined',
    means: 'a result that was paid for while its requester was away is gone after a restart',
    tests: ['test/unit/peer/leftovers.test.ts']
  },
  {
    id: 'resumed-checkpoint-let-go',
    file: 'leftovers.ts',
    find: 'e.checkpoint?.object, e.resumedFrom?.checkpoint.object]',
    replace: 'e.checkpoint?.object]',
    means: 'after a restart the next provider cannot get the checkpoint it was promised',
    tests: ['test/unit/peer/leftovers.test.ts']
  },
  {
    id: 'bid-above-the-ceiling',
    file: 'records.ts',
    find: "if (bid.price > offer.ceiling) throw new ShoalError('RECORD_INVALID', 'bid: above the ceiling')",
    replace: '',
    means: 'a job costs more than its owner allowed',
    tests: records
  },
  {
    id: 'bid-on-another-offer',
    file: 'records.ts',
    find: "if (bid.offer !== offerDigest(offer)) throw new ShoalError('RECORD_INVALID', 'bid: for another offer')",
    replace: '',
    means: 'a cheap bid for a small job is played back on a large one',
    tests: records
  },
  {
    id: 'expired-is-good',
    file: 'records.ts',
    find: 'if (expires + CLOCK_SKEW <= now)',
    replace: 'if (expires + CLOCK_SKEW <= 0)',
    means: 'cards that have expired are believed for ever',
    tests: records
  },
  {
    id: 'over-is-good',
    file: 'records.ts',
    find: 'if (late > CLOCK_SKEW)',
    replace: 'if (late > CLOCK_SKEW * 1e6)',
    means: 'an offer or bid of last year is played back and believed',
    tests: records
  },
  {
    id: 'operator-not-asked',
    file: 'records.ts',
    find: '  if (signer === undefined || !sameAddress(signer, card.operator))\n',
    replace: '  if (signer === undefined)\n',
    means: "a peer claims another operator's good name",
    tests: records
  },
  {
    id: 'older-advert-wins',
    file: 'advert-book.ts',
    find: '    if (old !== undefined && old.seq >= advert.seq) return\n',
    replace: '    if (old !== undefined && old.seq < advert.seq) return\n',
    means: 'a provider is known by the first price it ever asked',
    tests: ['test/unit/peer/advert-book.test.ts']
  },
  {
    id: 'expired-adverts-listed',
    file: 'advert-book.ts',
    find: 'if (until <= now) this.#remove(peer)',
    replace: 'if (until <= 0) this.#remove(peer)',
    means: 'offers of providers that are gone are shown for ever',
    tests: ['test/unit/peer/advert-book.test.ts']
  },
  {
    id: 'waits-for-the-gone',
    file: 'advert-book.ts',
    find: 'const able = this.list(offer.class).map(',
    replace: 'const able = this.#adverts().map(',
    means: 'every job waits for bids of providers that left the network long ago',
    tests: ['test/unit/peer/advert-book.test.ts']
  },
  {
    id: 'tops-up-what-is-locked',
    file: 'top-up.ts',
    find: 'config.wallet.autoDeposit - free - locked',
    replace: 'config.wallet.autoDeposit - free',
    means: 'every restart during a job moves more of the wallet into the vault than allowed',
    tests: ['test/unit/peer/top-up.test.ts']
  },
  {
    id: 'deadline-as-long-as-the-run',
    file: 'jobfile/parse.ts',
    find: 'if (job.limits.wall < job.deadline) return undefined',
    replace: 'if (job.limits.wall <= job.deadline) return undefined',
    means: 'a job whose deadline leaves no time to find a provider is taken',
    tests: jobfile
  },
  {
    id: 'flags-lose',
    file: 'jobfile/parse.ts',
    find: '  at[keys.at(-1) ??',
    replace: '  at[keys.at(0) ??',
    means: 'a flag such as --max-price does not set what it says',
    tests: jobfile
  },
  {
    id: 'input-path-climbs-out',
    file: 'jobfile/schema.ts',
    find: 'if (problem === undefined) return\n  const outside',
    replace: "if (problem === undefined || path.includes('..')) return\n  const outside",
    means: "a path with '..' in a job file is found wrong only after the job was bought",
    tests: ['test/unit/cli/mistakes.test.ts']
  },
  {
    id: 'file-beats-environment',
    file: 'home/config.ts',
    find: 'merge(merge(source?.tree ?? {}, fromEnvironment(env)), flags)',
    replace: 'merge(merge(fromEnvironment(env), source?.tree ?? {}), flags)',
    means: 'SHOAL_ variables do nothing when the file says something',
    tests: home
  },
  {
    id: 'keys-overwritten',
    file: 'home/home.ts',
    find: 'if ((await files.stat(home.keys)) !== undefined || (await files.stat(home.version)) !== undefined) {',
    replace: 'if ((await files.stat(home.version)) !== undefined) {',
    means: 'shoal init over a damaged home destroys the keys to its funds',
    tests: home
  },
  {
    id: 'salt-not-used',
    file: 'home/keystore.ts',
    find: 'scrypt(secret, salt, 32,',
    replace: 'scrypt(secret, Buffer.alloc(32), 32,',
    means: 'equal passphrases give equal keys: one dictionary opens all homes',
    tests: home
  },
  {
    id: 'young-opening-is-deep',
    file: 'confirmations.ts',
    find: '?? CONFIRMATIONS',
    replace: '?? 0',
    means: 'on a chain that reorganises a provider works for a price that is taken back',
    tests: ['test/unit/peer/start.test.ts']
  },
  {
    id: 'set-back-and-unpaid',
    file: 'elapsed.ts',
    find: 'Math.max(0, this.#clock.monotonic() - monotonic, this.#clock.now() - started)',
    replace: 'Math.max(0, this.#clock.now() - started)',
    means: 'when a clock is set back an hour nothing more is paid for running tasks',
    tests: ['test/unit/peer/elapsed.test.ts']
  },
  {
    id: 'slept-and-unpaid',
    file: 'elapsed.ts',
    find: 'Math.max(0, this.#clock.monotonic() - monotonic, this.#clock.now() - started)',
    replace: 'Math.max(0, this.#clock.monotonic() - monotonic)',
    means: 'a requester that slept or restarted takes honest work for too fast to be true',
    tests: ['test/unit/peer/elapsed.test.ts']
  },
  {
    id: 'lies-kept-for-ever',
    file: 'journal/journal.ts',
    find: 'if (!this.#counts(this.#parse(kinds.lie, key, bytes))) old.push({ del: key })',
    replace: 'if (key === bytes.toString()) old.push({ del: key })',
    means: 'who makes new operators and lies once with each fills the journal',
    tests: ['test/unit/peer/retention.test.ts']
  },
  {
    id: 'checkpoint-of-earlier-unreadable',
    file: 'journal/earlier/entries.ts',
    find: 'checkpoint.omit({ v: true, handover: true }).extend({ v: z.literal(1) })',
    replace: 'checkpoint',
    means: 'a home with money under way in version 1 cannot be read any more',
    tests: ['test/unit/peer/earlier.test.ts']
  },
  {
    id: 'earlier-price-buys-work',
    file: 'journal/earlier/entries.ts',
    find: '    v: 2,\n    bought: 0n,\n    speed: 0n,\n    checkpoint: last',
    replace: '    v: 2,\n    bought: 1n,\n    speed: 0n,\n    checkpoint: last',
    means: 'an agreement of version 1 is paid in full for its first checkpoint',
    tests: ['test/unit/peer/earlier.test.ts']
  },
  {
    id: 'clock-by-one-peer',
    file: 'clock-off.ts',
    find: 'if (list.length < PEERS_LEAST) return undefined',
    replace: 'if (list.length === 0) return undefined',
    means: 'one peer with a wrong clock makes others tell their owners that theirs is wrong',
    tests: ['test/unit/peer/clock-off.test.ts']
  },
  {
    id: 'clock-the-wrong-way',
    file: 'clock-off.ts',
    find: "aheadMs > 0 ? 'behind' : 'ahead of'",
    replace: "aheadMs < 0 ? 'behind' : 'ahead of'",
    means: 'an owner whose clock is behind sets it back further',
    tests: ['test/unit/peer/clock-off.test.ts']
  },
  {
    id: 'anybody-tells-the-time',
    file: 'advert-book.ts',
    find: 'if (await isAdvertSigned(advert, this.#ports)) this.clocks',
    replace: 'this.clocks',
    means: 'a stranger makes up adverts of others and so a wrong clock',
    tests: ['test/unit/peer/advert-book.test.ts']
  }
])
