/** A real anvil with our contracts, mining by the simulated clock, that goes back to its beginning for every run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import type { NetworkParameters } from '../../../src/protocol/ports/settlement.ts'
import { startAnvil } from '../../../src/settlement/chain/adapters/process.ts'
import { encodeCall } from '../../../src/settlement/contracts.ts'
import { deployContracts, sendAndWait } from '../../../src/settlement/deploy.ts'
import { createTransactionKey } from '../../../src/settlement/keys/operator.ts'
import { httpRpc } from '../../../src/settlement/rpc/adapters/http-rpc.ts'
import { reliableRpc } from '../../../src/settlement/rpc/reliable.ts'
import { quantity, toNumber, type RpcTransport } from '../../../src/settlement/rpc/rpc.ts'
import { lane } from '../../../src/settlement/tx/lane.ts'
import { noLog } from '../tasks.ts'
import type { Busy } from './busy.ts'
import { seededRandom } from './random.ts'

const CHAIN_ID = 31337n
export const GAS_WEI = 10n ** 20n

export interface Funded {
  readonly address: Address
  readonly tokens: bigint
}

export interface SimChain {
  readonly network: NetworkParameters
  readonly treasury: Address
  /** Chain time of the newest block, seconds. */
  readonly begins: number
  /** Straight to anvil: for the judge, and for trouble. */
  readonly raw: RpcTransport
  /** Back to the state with every account funded. */
  reset(): Promise<void>
  /** What peers talk to: sent transactions are mined at once, and a block comes every second of `clock`. */
  serve(clock: Clock, busy: Busy): { readonly transport: RpcTransport; stop(): void }
  stop(): Promise<void>
}

/** Deploys, funds, takes the snapshot. */
async function prepare(raw: RpcTransport, accounts: readonly Funded[]) {
  const instant: RpcTransport = {
    send: async request => {
      const answer = await raw.send(request)
      if (request.method === 'eth_sendRawTransaction') await raw.send({ method: 'evm_mine', params: [] })
      return answer
    },
    close: async () => undefined
  }
  const random = seededRandom(1)
  const key = createTransactionKey(random.bytes(32))
  const rpc = reliableRpc({ transport: instant, clock: systemClock, random, log: noLog, patienceMs: 10_000 })
  const give = (address: Address) =>
    raw.send({ method: 'anvil_setBalance', params: [address, quantity(GAS_WEI)] })
  await give(key.address)
  const common = { rpc, key, clock: systemClock }
  const network = await deployContracts({ ...common, arbiter: key.address, treasury: key.address })
  for (const { address, tokens } of accounts) {
    await give(address)
    const data = encodeCall('ShoalToken', 'transfer', [address, tokens])
    await sendAndWait(common, { contract: 'ShoalToken', method: 'transfer' }, { to: network.token, data })
  }
  return { network, treasury: key.address }
}

function service(raw: RpcTransport, clock: Clock, busy: Busy) {
  const turns = lane()
  let time = 0
  const mine = async (): Promise<void> => {
    time = Math.max(time, Math.floor(clock.now() / 1000))
    await raw.send({ method: 'evm_mine', params: [time] })
  }
  const accept = (params: readonly unknown[]): Promise<unknown> =>
    turns.run(async () => {
      const hash = await raw.send({ method: 'eth_sendRawTransaction', params })
      await mine()
      return hash
    })
  const transport: RpcTransport = {
    send: ({ method, params }) =>
      busy.track(() => (method === 'eth_sendRawTransaction' ? accept(params) : raw.send({ method, params }))),
    close: async () => undefined
  }
  const stop = clock.every(1000, () => void busy.track(() => turns.run(mine)))
  return { transport, stop }
}

export async function startSimChain(accounts: readonly Funded[]): Promise<SimChain> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-sim-chain-'))
  const anvil = await startAnvil({ folder, chainId: CHAIN_ID, stateFile: undefined, clock: systemClock })
  const raw = httpRpc(`http://127.0.0.1:${anvil.port}`, { timeoutMs: 20_000 })
  const stop = async (): Promise<void> => {
    await raw.close()
    await anvil.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const { network, treasury } = await prepare(raw, accounts)
    const head = (await raw.send({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as object
    const begins = toNumber('timestamp' in head ? head.timestamp : undefined, 'timestamp')
    let snapshot = await raw.send({ method: 'evm_snapshot', params: [] })
    return {
      ...{ network, treasury, begins, raw, stop },
      reset: async () => {
        await raw.send({ method: 'evm_revert', params: [snapshot] })
        snapshot = await raw.send({ method: 'evm_snapshot', params: [] })
      },
      serve: (clock, busy) => service(raw, clock, busy)
    }
  } catch (e) {
    await stop()
    throw e
  }
}
