/** Bugs of arbiters and of those who doubt a checkpoint. */
import { within, type Mutant } from '../mutant.ts'

const cases = ['test/unit/peer/arbiter/case.test.ts']
const doubt = ['test/unit/peer/doubt.test.ts']
const hearing = ['test/unit/peer/arbiter/hearing.test.ts']
const inspect = ['test/unit/peer/arbiter/inspect.test.ts']
const plead = ['test/unit/peer/disputes/plead.test.ts']
const rerun = ['test/unit/peer/arbiter/rerun.test.ts']
const verdict = ['test/unit/peer/arbiter/verdict.test.ts']

export const arbiter: readonly Mutant[] = within('src/peer', [
  {
    id: 'accused-of-another-task',
    file: 'arbiter/inspect.ts',
    find: "this.#ctx.typed.digest('Handover', e.handover.handover) !== named",
    replace: "named === '0x'",
    means: 'a requester shows the arbiter another task than its provider was given, and takes its bond',
    tests: inspect
  },
  {
    id: 'doubt-changes-the-task',
    file: 'arbiter/inspect.ts',
    find: 'if (!this.#delivered) return',
    replace: 'if (requester?.doubted !== undefined) return',
    means:
      'a requester that doubts a checkpoint has a delivered result held against a task that nobody was given',
    tests: inspect
  },
  {
    id: 'other-spec-before-the-arbiter',
    file: 'arbiter/inspect.ts',
    find: 'if (digestOf(bytes) !== handover.spec)',
    replace: "if (digestOf(bytes) === '0x')",
    means: 'a requester has a dearer task run again than it handed over, and the honest result differs',
    tests: inspect
  },
  {
    id: 'any-statement-counts',
    file: 'arbiter/inspect.ts',
    find: 'if (e.failure !== undefined && failureDigest(e.failure) === committed)',
    replace: 'if (e.failure !== undefined)',
    means: 'a provider that committed a result nobody can use shows another end of the task to the arbiter',
    tests: inspect
  },
  {
    id: 'claims-more-than-stated',
    file: 'arbiter/rerun.ts',
    find: 'if (claim > own)',
    replace: 'if (claim < 0n)',
    means: 'a task that fails early is paid in full, since the arbiter finds that it fails',
    tests: rerun
  },
  {
    id: 'checkpoint-of-no-work',
    file: 'arbiter/rerun.ts',
    find: 'if (stated.gas * 100n <= took * GAS_SLACK_PERCENT)',
    replace: 'if (stated.gas > 0n)',
    means: 'a provider is paid for many times the work that a checkpoint takes',
    tests: rerun
  },
  {
    id: 'slow-arbiter-punishes',
    file: 'arbiter/rerun.ts',
    find: "      if (outcome.status === 'limit' && outcome.limit === 'wall')\n        return impossible",
    replace: "      if (outcome.status === 'limit' && outcome.limit === 'gas')\n        return impossible",
    means: 'an arbiter with a slow machine rules against honest providers',
    tests: rerun
  },
  {
    id: 'withholding-pays',
    file: 'arbiter/verdict.ts',
    find: "if (requester.kind !== 'complete') return forProvider(",
    replace: "if (requester.kind === 'flawed') return forProvider(",
    means: 'a requester disputes, shows nothing, and gets everything back',
    tests: verdict
  },
  {
    id: 'last-evidence-counts',
    file: 'arbiter/case.ts',
    find: '[party]: entry[party] ?? e',
    replace: '[party]: e',
    means:
      'of two words of one side at the same moment the later counts, which may answer to what the other has shown',
    tests: cases
  },
  {
    id: 'ruled-before-it-is-offered',
    file: 'arbiter/case.ts',
    find: 'if (after !== undefined && now <= BigInt(after)) return',
    replace: 'if (after !== undefined && now < 0n) return',
    means: 'a requester whose provider withheld the right result loses its bond before it can take it',
    tests: cases
  },
  {
    id: 'anybody-is-a-party',
    file: 'arbiter/hearing.ts',
    find: 'if (card.peer !== from) refuse(',
    replace: "if (card.peer === '') refuse(",
    means: 'anybody who has seen the card of a party brings flawed evidence in its name',
    tests: hearing
  },
  {
    id: 'handover-by-anybody',
    file: 'arbiter/hearing.ts',
    find: 'handover.handover.agreement !== id ||',
    replace: '',
    means: 'a provider shows the handover of another agreement, which was easier to fulfil',
    tests: hearing
  },
  {
    id: 'checkpoint-of-another-provider',
    file: 'arbiter/hearing.ts',
    find: 'if (!sameAddress(doubted.by.operator, agreement.provider))',
    replace: 'if (sameAddress(doubted.by.operator, agreement.arbiter))',
    means: 'a requester signs a false checkpoint itself and accuses its provider of it',
    tests: hearing
  },
  {
    id: 'arbiter-never-looked-for-again',
    file: 'disputes/plead.ts',
    find: '      ctx.arbiters.forget(arbiter)\n',
    replace: '',
    means: 'an arbiter that has moved is never found again, and who was right loses as if it withheld',
    tests: plead
  },
  {
    id: 'wrong-one-blamed',
    file: 'requester/doubt.ts',
    find: 'failed ? entry : other',
    replace: 'failed ? other : entry',
    means: 'the honest one of two providers is counted as a liar',
    tests: doubt
  },
  {
    id: 'copied-lie-is-proof',
    file: 'requester/doubt.ts',
    find: 'other === undefined || decided.resumedFrom !== undefined',
    replace: 'other === undefined',
    means: 'a checkpoint from which another went on well is tried and held against its provider',
    tests: doubt
  },
  {
    id: 'slow-requester-accuses',
    file: 'requester/doubt.ts',
    find: "if (wasKilled(outcome) || (outcome.status === 'limit' && outcome.limit === 'wall')) return undefined",
    replace: 'if (wasKilled(outcome)) return undefined',
    means: 'a checkpoint is called a lie because our own machine is slow',
    tests: doubt
  },
  {
    id: 'escrow-closed-before-it-is-known',
    file: 'requester/doubt.ts',
    find: "return { kind: running ? 'open' : 'none' }",
    replace: "return { kind: 'none' }",
    means: 'a liar lets its escrow go at once, and keeps its bond when the lie shows',
    tests: doubt
  }
])
