/** What happened to others (facts/reliability.md, section 2), as cases: our rules hold, and the rule that they had is found. */
import { checkArbiters, checkBoundaries, type Checked } from './boundaries.ts'

export interface Incident {
  readonly name: string
  /** The games that it could have happened in. */
  readonly games: readonly string[]
  /** Plants that bring it back. */
  readonly plants: readonly string[]
  readonly also?: () => Checked
}

export const incidents: readonly Incident[] = [
  {
    name: 'result taken, delivery denied, refunded (gonka #813)',
    games: ['honest provider, dishonest requester, silent arbiter'],
    plants: ['refund-beats-delivery', 'early-refund']
  },
  {
    name: 'a second validation paid out twice (gonka #832, #1131)',
    games: ['honest requester, provider and arbiter against it'],
    plants: ['second-payout']
  },
  {
    name: 'an executor judged its own result, unproven votes (gonka #1573, #1079)',
    games: ['honest requester, provider and arbiter against it'],
    plants: ['anyone-rules'],
    also: checkArbiters
  },
  {
    name: 'overflow in old and borrowed arithmetic (Truebit, Cetus)',
    games: [],
    plants: [],
    also: checkBoundaries
  },
  {
    name: 'the RPC blinked and work was lost (Akash #245, #15, #17)',
    games: ['both honest, outages, a strange arbiter'],
    plants: ['forgets-its-commit', 'stuck-dispute']
  },
  {
    name: 'jobs replayed for ever from the database (Ocean #1251, #1054)',
    games: ['honest provider, dishonest requester, silent arbiter'],
    plants: ['never-final']
  },
  {
    name: 'claims missed, providers unpaid (#1194, Golem yagna #3126)',
    games: ['honest provider with outages'],
    plants: ['unsecured-checkpoints', 'claims-only-the-price']
  },
  {
    name: 'restart from zero at full price (Bacalhau #1626, #3211)',
    games: ['hand-over between two dishonest providers'],
    plants: ['resumed-at-full-price']
  },
  {
    name: 'our own audit: free disputes, garbage paid by silence, dead receipts, openings replayed, lies kept',
    games: [
      'honest provider, requester and arbiter against it',
      'honest requester, provider and arbiter against it'
    ],
    plants: [
      'anyone-opens',
      'receipts-die-at-the-deadline',
      'lies-of-checkpoints-stand',
      'silence-pays-the-provider',
      'dispute-bond-whole-or-none',
      'dispute-bond-later'
    ]
  },
  {
    name: 'a partition taken for death (#3944)',
    games: ['hand-over from an honest provider to a dishonest one'],
    plants: ['gives-results-away', 'unguarded']
  }
]
