/** The troubles, and when in a job they come. */
import type { SimChain } from '../support/sim/chain.ts'
import { quantity, toQuantity } from '../../src/settlement/rpc/rpc.ts'
import { createTransactionKey } from '../../src/settlement/keys/operator.ts'
import { castOf } from '../crash/cast.ts'
import { SEATS_SEED } from '../crash/theatre.ts'
import { seededRandom } from '../support/sim/random.ts'
import {
  droppedPool,
  fewEvents,
  heights,
  lateReceipts,
  narrowEvents,
  noEvents,
  outOfOrder,
  seldom,
  takenNonces
} from './pools.ts'
import { down, lying, nonsense, slow, stale, swallowing, type Trouble, type Troubled } from './rpcs.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'

/** Before an escrow is open; while both shards run; when the first result is accepted. */
export const moments = ['matching', 'running', 'settling'] as const
export type Moment = (typeof moments)[number]

export interface Scene {
  readonly name: string
  /** Simulated seconds from its begin to its end. */
  readonly seconds: number
  /** Everything is in order again so soon after it, seconds; `RECONCILED_S` of run.ts when absent. */
  readonly inOrderS?: number
  /** Blocks on top of an opening before its work begins; 0 when absent. */
  readonly confirmations?: number
  /** A person takes money out of the vault meanwhile, and gives the command again until it is told of an end. */
  readonly withdraws?: boolean
  /** Called before the job begins, for what must be remembered. */
  readonly prepare?: (chain: SimChain) => Promise<unknown>
  readonly begin: (parts: SceneParts) => Promise<void>
  readonly end: (parts: SceneParts) => Promise<void>
}

export interface SceneParts {
  readonly rpc: Troubled
  readonly chain: SimChain
  readonly clock: Clock
  /** What `prepare` gave. */
  readonly kept: unknown
}

const rpcScene = (name: string, seconds: number, make: () => Troubled['trouble']): Scene => ({
  name,
  seconds,
  begin: async ({ rpc }) => void (rpc.trouble = make()),
  end: async ({ rpc }) => void (rpc.trouble = undefined)
})

/** How long each habit of a pool lasts, seconds. */
export const LENGTHS = [1, 12, 60] as const
/** With these a person's withdrawal is tried as well, at the middle length. */
const WITHDRAWAL = 12

/** In order after so many seconds where an opening may run out of time on its way: it is watched for half a minute more (gone.ts). */
const WATCHED = 45

/** Every habit, by its name; made anew for each scene, since most remember what they saw. */
export const habits = (): readonly (readonly [
  string,
  (seconds: number, chainId: bigint) => Trouble,
  number?
])[] => [
  ['receipts late', seconds => lateReceipts(seconds * 1000)],
  ['all of a transaction late', seconds => lateReceipts(seconds * 1000, true)],
  ['events of few blocks', () => narrowEvents(3)],
  ['few events', () => fewEvents(4)],
  ['events seldom', () => seldom(3)],
  ['no events', () => noEvents],
  ['nodes at three heights', () => heights(0, 4, 12), WATCHED],
  ['answers out of order', () => outOfOrder(3_000), WATCHED],
  ['pool dropped', () => droppedPool(5_000), WATCHED],
  ['nonces taken', (_, chainId) => takenNonces(keysOfCast(), chainId)]
]

const keysOfCast = () =>
  Object.values(castOf(seededRandom(SEATS_SEED))).map(s => createTransactionKey(s.secrets.operator))

/** The trouble stays until the end of the run when `ends` is false. */
const habitScene = (
  name: string,
  seconds: number,
  make: (chainId: bigint) => Trouble,
  more: Pick<Scene, 'withdraws' | 'inOrderS'> & { readonly ends?: boolean } = {}
): Scene => ({
  ...{ name, seconds, withdraws: more.withdraws, inOrderS: more.inOrderS },
  begin: async ({ rpc, chain }) => void (rpc.trouble = make(chain.network.chainId)),
  end: async ({ rpc }) => {
    if (more.ends !== false) rpc.trouble = undefined
  }
})

/** What pools of RPC nodes and other programs do, at every length, and with a withdrawal. */
export const poolScenes = (): Scene[] => [
  ...habits().flatMap(([name, make, inOrderS]) =>
    LENGTHS.map(s => habitScene(`${name}, ${s} s`, s, id => make(s, id), { inOrderS }))
  ),
  ...habits().map(([name, make, inOrderS]) =>
    habitScene(`${name}, a withdrawal`, WITHDRAWAL, id => make(WITHDRAWAL, id), { withdraws: true, inOrderS })
  ),
  habitScene('receipts never', 5, () => lateReceipts(Infinity), { withdraws: true, ends: false }),
  // three looks, ten seconds apart, at escrows that are closed
  habitScene('events never', 5, () => noEvents, { withdraws: true, ends: false, inOrderS: 45 })
]

const nothing = async (): Promise<void> => undefined

async function reorganise(chain: SimChain, depth: number): Promise<void> {
  await chain.raw.send({ method: 'anvil_reorg', params: [depth, []] })
}

/** The base fee a hundred times what it was, for as long as the scene lasts. */
const fees = (): Scene => {
  let stop = (): void => undefined
  return {
    name: 'fees a hundredfold',
    seconds: 60,
    begin: async ({ chain, clock }) => {
      const block = (await chain.raw.send({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as {
        baseFeePerGas: string
      }
      const high = quantity(toQuantity(block.baseFeePerGas, 'base fee') * 100n)
      const raise = (): void =>
        void chain.raw.send({ method: 'anvil_setNextBlockBaseFeePerGas', params: [high] })
      raise()
      stop = clock.every(200, raise)
    },
    end: async () => stop()
  }
}

export const scenes = (minutes: number): Scene[] => [
  rpcScene(`down for ${minutes} minutes`, minutes * 60, () => down),
  rpcScene('down for 10 s', 10, () => down),
  rpcScene('slow: 5 s an answer', 90, () => slow),
  rpcScene('stale by 10 blocks', 90, () => stale(10)),
  rpcScene('stale by 60 blocks', 120, () => stale(60)),
  rpcScene('lying: mined, no events', 60, () => lying),
  rpcScene('swallows transactions', 60, () => swallowing),
  rpcScene('nonsense', 60, nonsense),
  { name: 'reorganised, 3 blocks', seconds: 0, begin: ({ chain }) => reorganise(chain, 3), end: nothing },
  { name: 'reorganised, 8 blocks', seconds: 0, begin: ({ chain }) => reorganise(chain, 8), end: nothing },
  {
    name: 'reorganised, 3 blocks, work waits for 4',
    ...{ seconds: 0, confirmations: 4 },
    begin: ({ chain }) => reorganise(chain, 3),
    end: nothing
  },
  fees(),
  {
    name: 'back to a saved state',
    seconds: 0,
    prepare: async chain => await chain.raw.send({ method: 'evm_snapshot', params: [] }),
    begin: async ({ chain, kept }) => void (await chain.raw.send({ method: 'evm_revert', params: [kept] })),
    end: nothing
  }
]
