/** The troubles, and when in a job they come. */
import type { SimChain } from '../support/sim/chain.ts'
import { quantity, toQuantity } from '../../src/settlement/rpc/rpc.ts'
import { down, lying, nonsense, slow, stale, swallowing, type Troubled } from './rpcs.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'

/** Before an escrow is open; while both shards run; when the first result is accepted. */
export const moments = ['matching', 'running', 'settling'] as const
export type Moment = (typeof moments)[number]

export interface Scene {
  readonly name: string
  /** Simulated seconds from its begin to its end. */
  readonly seconds: number
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
  fees(),
  {
    name: 'back to a saved state',
    seconds: 0,
    prepare: async chain => await chain.raw.send({ method: 'evm_snapshot', params: [] }),
    begin: async ({ chain, kept }) => void (await chain.raw.send({ method: 'evm_revert', params: [kept] })),
    end: nothing
  }
]
