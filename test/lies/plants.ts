/**
 * The faults by which honest peers were robbed or held, one at a time in the program of today. Each is a rule that is taken away; where two
 * rules bar the same way, both are.
 */

export interface Edit {
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Plant {
  readonly id: string
  /** What it lets a liar do. */
  readonly means: string
  readonly edits: readonly Edit[]
  /** Lies that are likely to show it are told first: texts of their descriptions. All others come after them. */
  readonly look: readonly string[]
}

const provider = (file: string): string => `src/peer/provider/${file}`

/** Work goes on, whatever is paid for it: the second rule that bars most of what follows. */
const unpaid: Edit = {
  file: provider('pay-watch.ts'),
  find: 'const unpaid = earnedSoFar(live) > live.owed',
  replace: 'const unpaid = earnedSoFar(live) < 0n'
}

export const plants: readonly Plant[] = [
  {
    id: 'other-work',
    means: 'the price follows the offer, the work the spec, and nobody compares them',
    look: ['| requester | gossip:offers needs.', '| requester | sealed:spec'],
    edits: [
      {
        file: provider('fetch-task.ts'),
        find: 'firstDifference(needs, common.needs)',
        replace: 'firstDifference(needs, needs)'
      },
      unpaid,
      {
        file: provider('provider.ts'),
        find: 'if (handover.gas !== bought)',
        replace: 'if (handover.gas !== handover.gas)'
      },
      {
        file: provider('run-task.ts'),
        find: `const limitsOf = (live: LiveProvision, { needs, used }: Task) => ({
  gas: live.entry.bought > used ? live.entry.bought - used : 0n,`,
        replace: `const limitsOf = (live: LiveProvision, { needs, spec }: Task) => ({
  gas: spec.common.needs.gas,`
      }
    ]
  },
  {
    id: 'word-of-progress',
    means: 'how much work a price buys is the word of the requester',
    look: ['| requester | request:agree agreement.price'],
    edits: [
      {
        file: provider('provider.ts'),
        find: 'if (handover.gas !== bought)',
        replace: 'if (handover.gas !== handover.gas)'
      },
      {
        file: provider('provider.ts'),
        find: '{ task, requester, startedAt: ctx.clock.now() }',
        replace: '{ task, requester, startedAt: ctx.clock.now(), bought: handover.gas }'
      },
      unpaid
    ]
  },
  {
    id: 'late-start',
    means: 'work begins that cannot be delivered any more, and its result is shown before it is committed',
    look: ['| requester | request:start stalled'],
    edits: [
      {
        file: provider('steps.ts'),
        find: 'now + BigInt(Math.ceil(workMs(work) / 1000)) <= commitBy(a, work.inclusionMs)',
        replace: 'now < a.deliverBy'
      },
      {
        file: provider('steps.ts'),
        find: '  a.deliverBy - marginOf(inclusionMs)\n\n/** What a piece',
        replace: '  a.deliverBy\n\n/** What a piece'
      },
      {
        file: provider('steps.ts'),
        find: 'now + BigInt(GRACE_MS / 1000) >= commitBy(a, inclusionMs)',
        replace: 'now > a.deliverBy + 1_000n'
      },
      {
        file: provider('run-task.ts'),
        find: 'wallMs: Math.max(1, Math.min(needs.wallMs, leftMs(live))),',
        replace: 'wallMs: needs.wallMs,'
      },
      unpaid
    ]
  },
  {
    id: 'code-before-key',
    means:
      'an account that delegates itself voids the receipts that it signed, and the provider claims for ever',
    look: ['| delegate'],
    edits: [
      {
        file: 'test/support/world/ledger.ts',
        find: 'readonly faults: Faults = {}',
        replace: 'readonly faults: Faults = { codeFirst: true }'
      },
      {
        file: provider('steps.ts'),
        find: "return late || o.refused === true ? 'commit' : 'claim'",
        replace: "return 'claim'"
      }
    ]
  },
  {
    id: 'free-disputes',
    means: 'a dispute costs nothing, and an arbiter that is silent gives the requester its money back',
    look: ['an arbiter that has gone | requester | request:receipt dropped'],
    edits: [
      {
        file: 'src/protocol/machines/escrow.ts',
        find: 'return a.bond > tenth ? a.bond : tenth',
        replace: 'return a.bond > tenth ? 0n : 0n'
      },
      {
        file: 'src/protocol/machines/escrow-rules.ts',
        find: "return close(r, slot, { outcome: 'split', gross, burned: atLeast(gross, claimOf(slot, r)) - gross })",
        replace: "return close(r, slot, { outcome: 'split', gross, burned: 0n })"
      }
    ]
  },
  {
    id: 'word-of-work',
    means:
      'a checkpoint is paid for the progress that it states, and not for the work that can have been done',
    look: ['a job that is cancelled | provider-2 | response:events ?kind=checkpoint'],
    edits: [
      {
        file: 'src/market/work.ts',
        find: '  return min(used, ever)',
        replace: '  return used === 0n ? ever : used'
      },
      {
        file: 'src/peer/requester/doubt.ts',
        find: 'if (e.fast === true) return',
        replace: 'if (e.fast === undefined && e.fast !== undefined) return'
      }
    ]
  },
  {
    id: 'slot-for-nobody',
    means: 'a requester without funds holds a slot for ten minutes',
    look: ['a job that has time | requester | chain:open abandoned'],
    edits: [
      { file: provider('agreements.ts'), find: 'const OPEN_MAX = 120n', replace: 'const OPEN_MAX = 600n' },
      {
        file: 'src/peer/requester/agree.ts',
        find: 'BigInt(Math.min(OPEN_SECONDS, Math.floor(offer.deliverSeconds / 2)))',
        replace: 'BigInt(offer.deliverSeconds - 20)'
      }
    ]
  }
]
