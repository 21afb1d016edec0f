/** Bugs on the buying side. */
import { within, type Mutant } from '../mutant.ts'

const seats = ['test/unit/peer/seats.test.ts']
const verify = ['test/unit/peer/verify.test.ts']
const game = ['test/unit/game/game.test.ts']
const book = ['test/unit/peer/bid-book.test.ts']
const gather = ['test/unit/peer/gather.test.ts']
const receipts = ['test/unit/peer/receipts.test.ts']

export const requester: readonly Mutant[] = within('src/peer/requester', [
  {
    id: 'back-to-the-one-who-lost-it',
    file: 'seats.ts',
    find: 'forgiving ? live : executions.filter(e => !neverBegan(e))',
    replace: 'live',
    means: 'a shard is offered again to the very provider that lost it',
    tests: seats
  },
  {
    id: 'nearest-checkpoint',
    file: 'seats.ts',
    find: '(b.checkpoint?.progress ?? 0) - (a.checkpoint?.progress ?? 0)',
    replace: '(a.checkpoint?.progress ?? 0) - (b.checkpoint?.progress ?? 0)',
    means: 'a lost shard goes on from its first checkpoint; the rest is bought again',
    tests: seats
  },
  {
    id: 'copied-mistake',
    file: 'seats.ts',
    find: "plan.tier === 'none' ? lastCheckpoint(past) : undefined",
    replace: 'lastCheckpoint(past)',
    means: "a replica goes on from another's checkpoint, so a lie passes for agreement",
    tests: seats
  },
  {
    id: 'one-blames-the-task-twice',
    file: 'seats.ts',
    find: 'e.resumedFrom === undefined && ownFault(e)',
    replace: 'e.resumedFrom === undefined && !ownFault(e)',
    means: 'providers that die end a job as if its task were wrong',
    tests: seats
  },
  {
    id: 'half-is-a-majority',
    file: 'verify.ts',
    find: 'Math.floor(copies / 2) + 1',
    replace: 'Math.ceil(copies / 2)',
    means: 'of two copies one liar decides',
    tests: verify
  },
  {
    id: 'first-come-decides',
    file: 'verify.ts',
    find: 'votes.near(c).size >= needed && votes.share(c, anchor)',
    replace: 'votes.near(c).has(anchor)',
    means: 'who is paid depends on whose result came first',
    tests: verify
  },
  {
    id: 'late-liars-agree',
    file: 'verify.ts',
    find: ' && votes.share(c, anchor)',
    replace: '',
    means: 'providers that were given up pay one another with late lies',
    tests: verify
  },
  {
    id: 'refused-too-early',
    file: 'verify.ts',
    find: 'votes.near(c).size + votes.open(c) + pending < needed ||',
    replace: 'votes.near(c).size < needed ||',
    means: 'an honest result is disputed before the others are in',
    tests: verify
  },
  {
    id: 'kept-the-last',
    file: 'seats.ts',
    find: 'if (e.stands === true || !byShard.has(e.shard))',
    replace: 'if (e.stands === true || e.shard >= 0)',
    means: 'the job keeps another result than the one that stands',
    tests: seats
  },
  {
    id: 'lower-receipt-signed',
    file: 'receipts.ts',
    find: 'old.receipt.amount >= amount',
    replace: 'old.receipt.amount === amount',
    means: 'a receipt with a lower amount replaces a higher one',
    tests: receipts
  },
  {
    id: 'receipt-number-again',
    file: 'receipts.ts',
    find: '(old?.receipt.sequence ?? 0) + 1',
    replace: '(old?.receipt.sequence ?? 1)',
    means: 'two receipts have one number',
    tests: receipts
  },
  {
    id: 'resumed-work-paid-twice',
    file: 'seats.ts',
    find: '(best.resumedFrom?.used ?? 0n) + best.checkpoint.gas',
    replace: 'best.checkpoint.gas',
    means: 'the work that the first of three providers was paid for is bought again from the third',
    tests: seats
  },
  {
    id: 'dispute-without-margin',
    file: 'steps.ts',
    find: 'view.now + margin(a) >= challengeEnds(view.escrow, a)',
    replace: 'view.now > challengeEnds(view.escrow, a)',
    means: 'a wrong result is disputed when it is too late, and paid',
    tests: game
  },
  {
    id: 'release-for-more',
    file: 'steps.ts',
    find: 'release <= acknowledged',
    replace: 'release >= acknowledged',
    means: 'a provider that did nothing lets the escrow go for the whole price, and gets it',
    tests: game
  },
  {
    id: 'refund-forgotten',
    file: 'steps.ts',
    find: "['dispute', 'release', 'split', 'refund'] as const",
    replace: "['dispute', 'release', 'split'] as const",
    means: 'the price of a refused result that was never committed stays in the escrow',
    tests: ['test/unit/peer/ruling.test.ts']
  },
  {
    id: 'bid-changed-after-others',
    file: 'bid-book.ts',
    find: 'if (!open.bids.has(key)) open.bids.set(key, bid)',
    replace: 'open.bids.set(key, bid)',
    means: 'a provider changes its bid after it has seen the others',
    tests: book
  },
  {
    id: 'bids-after-the-close',
    file: 'bid-book.ts',
    find: 'if (this.#open.get(bid.offer) !== open) return',
    replace: 'if (bid.slots === 0) return',
    means: 'a bid is told that it counts after the choice was made',
    tests: book
  },
  {
    id: 'folder-of-another-taken',
    file: 'gather.ts',
    find: 'if ((await files.stat(mark)) !== undefined) return out',
    replace: 'return out',
    means: 'a folder that was there already passes for the result',
    tests: gather
  },
  {
    id: 'shards-out-of-order',
    file: 'gather.ts',
    find: '[...accepted].sort((a, b) => a.shard - b.shard)',
    replace: '[...accepted].sort((a, b) => a.created - b.created)',
    means: 'the parts of a result are joined in the order in which they were bought',
    tests: gather
  },
  {
    id: 'mark-after-the-rename',
    file: 'gather.ts',
    find: '    await files.write(mark, new Uint8Array())\n    await at(out, files.rename(partial, out))\n',
    replace: '    await at(out, files.rename(partial, out))\n    await files.write(mark, new Uint8Array())\n',
    means: 'after a crash a whole result is not known for ours, and is gathered elsewhere again',
    tests: gather
  },
  {
    id: 'copies-not-budgeted',
    file: 'plan.ts',
    find: 'job.price.max / BigInt(job.count * copiesOf(job))',
    replace: 'job.price.max / BigInt(job.count)',
    means: 'a job with replicas costs several times what its owner allowed',
    tests: ['test/unit/peer/plan.test.ts']
  },
  {
    id: 'dispute-bonds-not-kept-free',
    file: 'requester.ts',
    find: 'const needed = maxPrice + reserve',
    replace: 'const needed = maxPrice',
    means: 'the escrows of a job cannot be opened half way through',
    tests: ['test/unit/peer/submit.test.ts']
  },
  {
    id: 'input-limit-by-shard',
    file: 'plan.ts',
    find: 'shards.reduce((n, s) => n + sizeOf(s), 0)',
    replace: 'shards.reduce((n, s) => Math.max(n, sizeOf(s)), 0)',
    means: 'a job seals more than the limit of this peer',
    tests: ['test/unit/peer/plan.test.ts']
  },
  {
    id: 'lines-dealt-unevenly',
    file: 'split.ts',
    find: 'start - (start % unit) - unit)',
    replace: 'start - (start % unit))',
    means: 'of four equal lines one shard gets three and the other one',
    tests: ['test/unit/peer/split.test.ts']
  },
  {
    id: 'cut-inside-a-character',
    file: 'split.ts',
    find: 'start - (start % unit) - unit)',
    replace: 'start - unit)',
    means: 'a text of two bytes a character is cut inside of one',
    tests: ['test/unit/peer/split.test.ts']
  },
  {
    id: 'empty-pieces-bought',
    file: 'split.ts',
    find: 'if (lines < count) throw',
    replace: 'if (lines < 0) throw',
    means: 'shards that have nothing to do are paid for',
    tests: ['test/unit/peer/split.test.ts']
  },
  {
    id: 'outputs-only-a-filter',
    file: 'gather.ts',
    find: 'if (missing.length > 0) throw',
    replace: 'if (missing.length > 64) throw',
    means: 'a job whose tasks wrote nothing of what it names ends well, with an empty folder',
    tests: ['test/unit/peer/placing.test.ts']
  },
  {
    id: 'target-cleared-first',
    file: 'gather.ts',
    find: '    await at(out, files.rename(partial, out))',
    replace: '    await files.remove(out)\n    await at(out, files.rename(partial, out))',
    means: 'what somebody puts into the folder while a result is gathered is deleted',
    tests: gather
  },
  {
    id: 'paid-results-thrown-away',
    file: 'kept.ts',
    find: 'if (kept.size === 0) return await',
    replace: 'if (kept.size >= 0) return await',
    means: 'a job that is cancelled, or fails at the end, loses what was paid for',
    tests: ['test/unit/peer/placing.test.ts']
  },
  {
    id: 'no-place-no-end',
    file: 'job-runner.ts',
    find: 'if (this.#placing.overdue) return',
    replace: 'if (this.#placing.overdue && this.#record.terminal) return',
    means: 'a job whose result cannot be put in its place never ends',
    tests: ['test/unit/peer/placing.test.ts']
  },
  {
    id: 'money-left-behind',
    file: 'job-runner.ts',
    find: 'return this.#record.terminal && [...this.#live.values()].every(l => l.terminal)',
    replace: 'return this.#record.terminal',
    means: 'a result that comes in after a job was left is neither taken nor refused',
    tests: ['test/unit/peer/placing.test.ts']
  },
  {
    id: 'resumed-at-full-price',
    file: 'agree.ts',
    find: 'const price = priceFor(restOf(used, rate), rate)',
    replace: 'const { price } = rate',
    means: 'the rest of a shard costs as much as the whole',
    tests: ['test/unit/peer/agree.test.ts']
  },
  {
    id: 'any-signature-agrees',
    file: 'agree.ts',
    find: 'if (signer === undefined || !sameAddress(signer, entry.agreement.provider)) {',
    replace: 'if (signer === undefined) {',
    means: 'an agreement that somebody else signed is taken for the provider’s; its escrow never opens',
    tests: ['test/unit/peer/agree.test.ts']
  },
  {
    id: 'opens-after-cancel',
    file: 'agree.ts',
    find: "live.job().state === 'running' && live.job().desired === 'run'",
    replace: "live.job().state === 'running'",
    means: 'money is locked for a job that its owner has cancelled',
    tests: ['test/unit/peer/agree.test.ts']
  },
  {
    id: 'wind-up-pays-the-liar',
    file: 'wind.ts',
    find: 'settled === undefined) await',
    replace: 'settled !== id) await',
    means: 'at the end of a job a result that differs from the others is paid',
    tests: ['test/unit/peer/wind.test.ts']
  },
  {
    id: 'lease-never-expires',
    file: 'follow.ts',
    find: 'cancel = ctx.clock.timer(ctx.config.lease, () =>',
    replace: 'cancel = ctx.clock.timer(ctx.config.lease * 10_000, () =>',
    means: 'a provider that vanished holds its shard until the deadline',
    tests: ['test/unit/peer/follow.test.ts']
  },
  {
    id: 'checkpoint-not-compared',
    file: 'follow.ts',
    find: 'if (stream.digest() !== checkpoint.digest) {',
    replace: "if (stream.digest() === '0x') {",
    means: 'a checkpoint that is not what its provider signed is paid for',
    tests: ['test/unit/peer/follow.test.ts']
  },
  {
    id: 'all-that-is-said-is-metered',
    file: 'receipts.ts',
    find: 'return plausible(gas, engine, live.ranMs + BEGAN_EARLIER_MS, live.entry.speed)',
    replace: 'return gas',
    means: 'a provider that says it has done everything in a second is paid nine tenths of the price',
    tests: ['test/unit/peer/follow.test.ts']
  },
  {
    id: 'checkpoint-of-another-task',
    file: 'follow.ts',
    find: 'if (checkpoint.handover !== (await handoverDigest(live)))',
    replace: "if (checkpoint.handover === '0x')",
    means: 'a checkpoint is paid for that no arbiter can judge',
    tests: ['test/unit/peer/follow.test.ts']
  },
  {
    id: 'put-off-for-ever',
    file: 'start.ts',
    find: 'until = Math.max(until, Math.min(latest, ctx.clock.monotonic() + wait + START_MS))',
    replace: 'until = Math.max(until, ctx.clock.monotonic() + wait + START_MS)',
    means: 'a provider that says "not deep enough yet" again and again holds the shard and its price',
    tests: ['test/unit/peer/start.test.ts']
  },
  {
    id: 'put-off-beyond-the-deadline',
    file: 'start.ts',
    find: 'Math.min(DEEP_MS, Number(entry.agreement.deliverBy - ctx.chainNow()) * 1000)',
    replace: 'DEEP_MS',
    means: 'a provider puts a requester off for longer than the work was given',
    tests: ['test/unit/peer/start.test.ts']
  },
  {
    id: 'pays-for-a-contradicted-failure',
    file: 'task-failed.ts',
    find: 'decideShard(live.job().plan, shard).settled !== undefined',
    replace: "decideShard(live.job().plan, shard).settled === ''",
    means: 'a provider is paid for a failure that another provider’s result contradicts',
    tests: ['test/unit/peer/task-failed.test.ts']
  },
  {
    id: 'goes-on-from-what-failed',
    file: 'seats.ts',
    find: '  if (past.some(ownFault)) return undefined\n',
    replace: '',
    means: 'one false checkpoint makes a job fail, since every next provider begins from it',
    tests: seats
  },
  {
    id: 'declined-and-asked-again',
    file: 'claims.ts',
    find: '    if (full === seq) return 0\n',
    replace: '',
    means: 'a provider that has just declined is asked again at once by each of twenty jobs',
    tests: ['test/unit/peer/claims.test.ts']
  },
  {
    id: 'slot-seen-free-by-all',
    file: 'claims.ts',
    find: 'return Math.max(0, slotsFree - taken)',
    replace: 'return slotsFree',
    means: 'all jobs of a requester propose agreements for one and the same slot',
    tests: ['test/unit/peer/claims.test.ts']
  },
  {
    id: 'slot-promised-to-all',
    file: 'turns.ts',
    find: '(known ?? 0) - open.reduce((sum, p) => sum + p.promised, 0)',
    replace: 'known ?? 0',
    means: 'rounds at the same time offer for the same free slots and bid one another out',
    tests: ['test/unit/peer/turns.test.ts']
  },
  {
    id: 'standing-offers-of-all',
    file: 'turns.ts',
    find: 'return standing < STANDING_MAX ?',
    replace: 'return standing < Infinity ?',
    means: 'fifty waiting jobs are fifty offers that every provider checks again and again',
    tests: ['test/unit/peer/turns.test.ts']
  },
  {
    id: 'paid-and-never-fetched',
    file: 'collect.ts',
    find: "state === 'settled' &&",
    replace: "state === 'delivered' &&",
    means: 'a requester that was away while its provider was paid never gets the result, and the job fails',
    tests: ['test/unit/peer/collect.test.ts']
  },
  {
    id: 'paid-and-waited-for',
    file: 'collect.ts',
    find: 'refused || (tries >= TRIES && ownTrouble(e) === undefined)',
    replace: 'refused',
    means: 'a provider that was paid and is gone holds its shard until the deadline of the job',
    tests: ['test/unit/peer/collect.test.ts']
  },
  {
    id: 'deadline-by-the-wall-clock',
    file: 'job-record.ts',
    find: 'return this.#until - this.#ctx.clock.monotonic()',
    replace: 'return this.#entry.plan.deadline - this.#ctx.clock.now()',
    means: 'a clock that is set ahead by an hour ends all running jobs',
    tests: ['test/integration/peer/clocks.test.ts']
  },
  {
    id: 'own-disk-disputes',
    file: 'steps.ts',
    find: 'closing(view, a) && !hindered ?',
    replace: 'closing(view, a) ?',
    means: 'a requester whose own disk is full disputes an honest result',
    tests: ['test/unit/peer/guard.test.ts']
  },
  {
    id: 'own-disk-loses-checkpoint',
    file: 'follow.ts',
    find: 'if (ownTrouble(e) === undefined) live.note({ lastEvent })',
    replace: 'live.note({ lastEvent })',
    means: 'a checkpoint that our own disk could not take is never asked for again, nor paid',
    tests: ['test/unit/peer/follow.test.ts']
  },
  {
    id: 'own-lack-of-files-is-silence',
    file: 'follow.ts',
    find: 'if (own !== undefined) heard()',
    replace: '',
    means: 'a requester without descriptors takes its providers for silent',
    tests: ['test/unit/peer/follow.test.ts']
  }
])
