/** What is played: how many jobs of how many shards, by how many requesters, on how many providers of two slots each. */

export const SLOTS = 2
export const PROVIDERS = 6
export const REQUESTERS = 5

export interface Scene {
  readonly name: string
  readonly what: string
  readonly providers: number
  readonly requesters: number
  /** In all; dealt to the requesters in turn, submitted at once. */
  readonly jobs: number
  /** Of each job. */
  readonly shards: number
  /** How long a task holds its slot, ms. */
  readonly holdMs: number
  /** Part of the choice `--quick`. */
  readonly quick: boolean
}

const scene = (
  name: string,
  what: string,
  [requesters, jobs, shards]: readonly [number, number, number],
  providers: number,
  holdMs: number,
  quick = false
): Scene => ({ name, what, providers, requesters, jobs, shards, holdMs, quick })

export const scenes: readonly Scene[] = [
  scene('one', 'one job that finds all its slots', [1, 1, 8], 6, 6_000, true),
  scene('five', 'five jobs that all find slots', [1, 5, 2], 6, 6_000),
  scene('waiting', 'two jobs of ten shards wait for four slots', [1, 2, 10], 2, 10_000, true),
  scene('eight', 'eight jobs of one shard wait for four slots', [1, 8, 1], 2, 10_000, true),
  scene('twenty', 'twenty jobs of one shard, of one requester, on three peers', [1, 20, 1], 3, 12_000, true),
  scene('crowd', 'five requesters with four jobs of two shards each', [5, 20, 2], 4, 15_000),
  scene('fifty', 'fifty jobs of one shard, of three requesters', [3, 50, 1], 6, 15_000),
  scene(
    'long wait',
    'twelve jobs of one shard, of which the last ones wait for minutes',
    [2, 12, 1],
    2,
    45_000
  )
]

/** Tasks that one slot takes in turn, at least. */
export const wavesOf = (s: Scene): number => Math.ceil((s.jobs * s.shards) / (s.providers * SLOTS))
/** The shortest time in which the slots can hold all tasks, when each takes so long, ms. */
export const leastMs = (s: Scene, taskMs = s.holdMs): number => wavesOf(s) * taskMs
/** Where slots are scarce for three tasks in turn or more, what each start costs is small beside them: there the aim counts. */
export const isScarce = (s: Scene): boolean => wavesOf(s) >= 3
