/** Bugs on the selling side. */
import { within, type Mutant } from '../mutant.ts'

const agreements = ['test/unit/peer/agreements.test.ts']
const game = ['test/unit/game/game.test.ts']
const events = ['test/unit/peer/event-log.test.ts']

export const provider: readonly Mutant[] = within('src/peer/provider', [
  {
    id: 'deadline-not-looked-at',
    file: 'agreements.ts',
    find: 'if (!workFits(t.now, a, {',
    replace: 'if (t.now > a.deliverBy && !workFits(t.now, a, {',
    means: 'a provider signs a deadline that it cannot meet, and loses its bond in trust',
    tests: agreements
  },
  {
    id: 'signs-below-its-bid',
    file: 'agreements.ts',
    find: 'a.price === 0n || gas < leastGas(rate) || gas === 0n',
    replace: 'a.price === 0n',
    means: 'a provider holds a slot and starts a task for the smallest unit',
    tests: agreements
  },
  {
    id: 'friendly-arbiter',
    file: 'agreements.ts',
    find: 'if (!t.arbiters.some(x => sameAddress(x, o.arbiter)))',
    replace: 'if (t.arbiters.length === 0)',
    means: 'a requester names a friend who decides its disputes',
    tests: agreements
  },
  {
    id: 'lower-receipt-kept',
    file: 'steps.ts',
    find: 'amount <= a.price && amount > held',
    replace: 'amount <= a.price',
    means: 'a requester takes back what it has acknowledged with a lower receipt',
    tests: game
  },
  {
    id: 'result-given-away',
    file: 'steps.ts',
    find: "(state === 'finished' || state === 'delivered') && held < due",
    replace: "state === 'delivered' && held < due",
    means: 'a requester takes a finished result and cancels without paying',
    tests: game
  },
  {
    id: 'commit-after-the-receipt',
    file: 'steps.ts',
    find: "  if (late) return 'commit'\n",
    replace: "  if (late) return o.held > 0n ? 'claim' : 'commit'\n",
    means: 'near the deadline a provider claims a part and misses the whole',
    tests: [...game, 'test/unit/peer/guard.test.ts']
  },
  {
    id: 'never-secured',
    file: 'steps.ts',
    find: 'now >= secureFrom(a, inclusionMs)',
    replace: 'now > a.deliverBy + secureFrom(a, inclusionMs)',
    means: 'what was acknowledged is not on the chain when the requester may refund itself',
    tests: game
  },
  {
    id: 'bond-left-behind',
    file: 'steps.ts',
    find: 'due.refund({ escrow, now: now - ABSENT }, a)',
    replace: 'due.refund({ escrow, now: now - now }, a)',
    means: 'the bond of a failed execution stays locked when its requester is gone',
    tests: ['test/unit/peer/steps.test.ts']
  },
  {
    id: 'result-dropped-for-logs',
    file: 'event-log.ts',
    find: 'this.#events.findIndex(e => DROPPABLE.has(e.kind))',
    replace: '0',
    means: 'a task that logs a lot makes its requester miss a checkpoint',
    tests: events
  },
  {
    id: 'event-numbers-again',
    file: 'event-log.ts',
    find: 'this.#seq = start * 2 ** 32',
    replace: 'this.#seq = start * 0',
    means: 'after a restart of the provider its requester hears nothing',
    tests: events
  },
  {
    id: 'heart-stops-in-silence',
    file: 'event-log.ts',
    find: 'if (await this.#waiter.pause(HEARTBEAT_MS, signal))',
    replace: 'if (!(await this.#waiter.pause(HEARTBEAT_MS, signal)))',
    means: 'a provider that computes quietly is taken for dead',
    tests: events
  },
  {
    id: 'one-slot-too-many',
    file: 'capacity.ts',
    find: 'if (this.free <= 0) return false',
    replace: 'if (this.free < 0) return false',
    means: 'a provider sells one execution more than it can run',
    tests: ['test/unit/peer/capacity.test.ts']
  },
  {
    id: 'slot-taken-twice',
    file: 'capacity.ts',
    find: '    if (this.#held.has(id)) return true\n',
    replace: '    if (this.#held.has(id)) return false\n',
    means: 'an agreement that is asked for again is refused though its slot is held',
    tests: ['test/unit/peer/capacity.test.ts']
  },
  {
    id: 'input-not-compared',
    file: 'fetch-task.ts',
    find: 'if (stream.digest() !== ref.digest)',
    replace: "if (stream.digest() === '0x')",
    means: 'a provider runs an input that is not the one in the spec',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'another-spec-than-agreed',
    file: 'fetch-task.ts',
    find: 'if (specDigestOf(common) !== agreement.specHash)',
    replace: "if (specDigestOf(common) === '0x')",
    means: 'a provider runs other arguments than were agreed, and no arbiter will hold with it',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'another-shard-than-agreed',
    file: 'fetch-task.ts',
    find: 'if (spec.shard !== agreement.shard ||',
    replace: 'if (spec.shard < 0 ||',
    means: 'a provider runs another shard than the one it is paid for',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'whole-for-the-rest',
    file: 'run-task.ts',
    find: 'gas: live.entry.bought > used ? live.entry.bought - used : 0n,',
    replace: 'gas: needs.gas,',
    means: 'a requester pays for the rest and has the whole done',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'open-escrow-not-awaited',
    file: 'provider.ts',
    find: "(await settlement.escrow(id, { signal })).state !== 'open'",
    replace: "(await settlement.escrow(id, { signal })).state === 'closed'",
    means: 'a provider starts to work before the money is locked',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'shallow-opening-taken',
    file: 'provider.ts',
    find: "if (depth === 0 || (await settlement.escrow(id, { signal, depth })).state === 'open') return 'deep'",
    replace: "if (depth >= 0) return 'deep'",
    means: 'a provider works on an opening that a reorganisation may take back',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'strangers-cancel',
    file: 'provider.ts',
    find: 'if (live === undefined || live.entry.requester.peer !== from)',
    replace: 'if (live === undefined)',
    means: "anybody who knows an agreement's id cancels it",
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'receipt-by-anybody',
    file: 'provider.ts',
    find: 'if (signer === undefined || !sameAddress(signer, agreement.requester))',
    replace: 'if (signer === undefined)',
    means: 'a provider takes a receipt that the chain refuses, and is not paid',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'slot-kept-for-the-money',
    file: 'provider.ts',
    find: "if (live.entry.state !== 'agreed' && live.entry.state !== 'started')",
    replace: 'if (live.terminal)',
    means: 'a slot stays taken until the escrow closes: a provider sells less',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'one-term-compared',
    file: 'fetch-task.ts',
    find: 'if (differs !== undefined) {',
    replace: "if (differs?.term === 'gas') {",
    means: 'a spec asks for more memory, disk or time than the offer that was bid on, and gets it',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'lie-not-counted',
    file: 'fetch-task.ts',
    find: '    await live.ctx.journal.noteLie(agreement.requester)\n',
    replace: '',
    means: 'a requester that signs two different terms is bid for again and again',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'resumed-from-anything',
    file: 'fetch-task.ts',
    find: 'if (checkpoint.digest !== entry.task?.handover?.handover.checkpoint)',
    replace: "if (checkpoint.digest === '0x')",
    means:
      'a requester hands over garbage to begin from, and the arbiter holds the failure against the provider',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'late-start-obeyed',
    file: 'provider.ts',
    find: 'if (!workFits(ctx.chainNow(), agreement, work))',
    replace: 'if (agreement.deliverBy < ctx.chainNow() && !workFits(ctx.chainNow(), agreement, work))',
    means: 'a provider begins a task that it cannot deliver any more, and works for nothing',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'handover-of-less-work',
    file: 'provider.ts',
    find: 'if (handover.gas !== bought)',
    replace: 'if (handover.gas === 0n)',
    means: 'the arbiter runs a task with less work than was bought, and the honest result differs',
    tests: ['test/unit/peer/selling.test.ts']
  },
  {
    id: 'shown-before-it-is-committed',
    file: 'live-provision.ts',
    find: 'if (!commitsFirst(this.ctx.chainNow(), agreement, this.ctx.settlement.inclusionMs())) this.show()',
    replace: 'if (agreement !== undefined) this.show()',
    means: 'a requester takes the result seconds before the deadline, and the commit comes too late',
    tests: ['test/unit/peer/showing.test.ts']
  },
  {
    id: 'unpaid-work-goes-on',
    file: 'pay-watch.ts',
    find: 'if (held !== waited > PATIENCE_MS) {',
    replace: 'if (held !== waited > RECEIPT_MS) {',
    means: 'a requester gets a minute of work after each checkpoint that it does not pay for',
    tests: ['test/unit/peer/pay-watch.test.ts']
  },
  {
    id: 'unpaid-for-ever',
    file: 'pay-watch.ts',
    find: 'if (waited > RECEIPT_MS)',
    replace: 'if (waited > RECEIPT_MS * 1e6)',
    means: 'a requester that does not pay holds a slot until the deadline',
    tests: ['test/unit/peer/pay-watch.test.ts']
  },
  {
    id: 'next-checkpoint-before-the-pay',
    file: 'checkpoints.ts',
    find: 'while (live.owed < earnedSoFar(live)) {',
    replace: 'while (live.owed < 0n) {',
    means: 'a provider shows one checkpoint after the other to a requester that pays for none',
    tests: ['test/unit/peer/run-task.test.ts']
  },
  {
    id: 'ended-unknown-after-restart',
    file: 'provider.ts',
    find: 'this.#live.get(id) ?? (await this.#recall(id, from))',
    replace: 'this.#live.get(id)',
    means: 'a provider that restarted knows nothing of what a requester has paid it for',
    tests: ['test/unit/peer/ended.test.ts']
  }
])
