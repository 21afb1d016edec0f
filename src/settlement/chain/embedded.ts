/** The embedded chain: anvil behind its log and its proxy, with our contracts on it. A trusted sequencer, for one machine or a test network. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Address } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { Random } from '../../protocol/ports/random.ts'
import type { Generation, NetworkParameters } from '../../protocol/ports/settlement.ts'
import { encodeCall } from '../contracts.ts'
import { deployContracts, sendAndWait } from '../deploy.ts'
import { createTransactionKey, type TransactionKey } from '../keys/operator.ts'
import { formatNetwork, loadNetwork } from '../network.ts'
import { reliableRpc, type Rpc } from '../rpc/reliable.ts'
import type { RpcTransport } from '../rpc/rpc.ts'
import type { HexBytes } from '../../protocol/ids.ts'
import { lane } from '../tx/lane.ts'
import { verifyNetwork } from '../verify.ts'
import { makePrivateFolder, readIfThere, removeFile, writeAtomic } from './adapters/disk.ts'
import { describeProcess } from './adapters/process.ts'
import { startProxy, type Proxy } from './adapters/proxy.ts'
import { ChainNode } from './node.ts'

export interface EmbeddedChainOptions {
  /** Absolute path; belongs to this chain alone. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Of the proxy; default 0 (any free one). Give one, so that peers find the chain again after a restart. */
  readonly port?: number
  /** Default 31337; kept by the folder's first start. */
  readonly chainId?: bigint
  /** Default: the deployer. */
  readonly arbiter?: Address
  /** Whose vault balance receives the fees; default: the deployer. */
  readonly treasury?: Address
  readonly feeBps?: number
  readonly unbondingSeconds?: bigint
  /** Seconds between empty blocks; default 1, and 5 when no transaction came for two minutes. */
  readonly blockSeconds?: number
  readonly idleBlockSeconds?: number
  /** Milliseconds between two saved states; default 5000. Between them the log keeps what was accepted. */
  readonly saveMs?: number
  /** Blocks after which anvil is started afresh from a pruned state; default 20,000 (5.5 hours of one block per second). */
  readonly refreshBlocks?: number
  /** Further names under which the proxy may be addressed, when it listens beyond loopback. */
  readonly hosts?: readonly string[]
  readonly signal?: AbortSignal
}

export interface EmbeddedChain {
  /** For everybody: the allow-listing proxy. */
  readonly rpcUrl: string
  readonly port: number
  readonly network: NetworkParameters
  /** Of its contracts, which a folder keeps from its first start on. */
  readonly generation: Generation
  /** Holds the token supply; by default also arbiter and treasury. */
  readonly deployer: TransactionKey
  /** Process id of anvil; undefined while it restarts. */
  readonly pid: number | undefined
  /** Gives an address gas money (wei) and tokens from the deployer. FUNDS_LOW when the deployer has too few. */
  fund(address: Address, gasWei: bigint, tokens: bigint, signal?: AbortSignal): Promise<void>
  /** Moves chain time forward, for tests. */
  advance(seconds: number): Promise<void>
  /** Saves the state and ends all. A second call is harmless. */
  stop(): Promise<void>
}

/** Default chain id of a private chain. */
const CHAIN_ID = 31337n
/** Gas money of the deployer: a thousand coins, made up like all of this chain's coins. */
const DEPLOYER_WEI = 10n ** 21n

/**
 * Starts the chain of a folder, taking up where it ended, however it ended. Deploys the contracts at the first start.
 * CHAIN_NOT_DEPLOYED without anvil, HOME_LOCKED when another process has the folder, PORT_IN_USE.
 */
export async function startEmbeddedChain(options: EmbeddedChainOptions): Promise<EmbeddedChain> {
  const { folder, clock, log } = options
  await makePrivateFolder(folder)
  const unlock = await lockFolder(folder)
  const known = await readNetwork(folder)
  const node = new ChainNode({
    folder,
    clock,
    log,
    chainId: known?.chainId ?? options.chainId ?? CHAIN_ID,
    blockSeconds: options.blockSeconds ?? 1,
    idleBlockSeconds: options.idleBlockSeconds ?? 5,
    saveMs: options.saveMs ?? 5000,
    refreshBlocks: options.refreshBlocks ?? 20_000
  })
  const rpc = ownRpc(node, options)
  let proxy: Proxy | undefined
  let stopped: Promise<void> | undefined
  const stopAll = async (): Promise<void> => {
    await proxy?.close()
    await node.stop()
    await unlock()
  }
  const stop = async (): Promise<void> => await (stopped ??= stopAll())
  try {
    const deployer = await deployerKey(folder, options.random)
    await node.start(options.signal)
    // one process writes this chain: nothing of it is reorganised, and nobody needs to wait
    const network = { confirmations: 0, ...(known ?? (await deploy(node, rpc, deployer, options))) }
    const generation = await verifyNetwork(rpc, network, { signal: options.signal })
    const host = options.host ?? '127.0.0.1'
    proxy = await startProxy({
      host,
      port: options.port ?? 0,
      hosts: (options.hosts ?? []).map(h => h.toLowerCase()),
      log,
      answer: async ({ method, params }) =>
        method === 'eth_sendRawTransaction'
          ? await node.accept(params[0] as HexBytes)
          : await node.read(method, params)
    })
    const { port } = proxy
    return {
      rpcUrl: `http://${localName(host)}:${port}`,
      port,
      network,
      generation,
      deployer,
      get pid() {
        return node.pid
      },
      fund: funder(node, rpc, deployer, network, clock),
      advance: async seconds => await node.advance(seconds),
      stop
    }
  } catch (e) {
    await stop()
    throw e
  }
}

/** Under which name this machine reaches what listens on `host`. */
function localName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** The owner's way to the node: transactions through the log like everybody's, no proxy. */
function ownRpc(node: ChainNode, options: EmbeddedChainOptions): Rpc {
  const transport: RpcTransport = {
    send: async ({ method, params }) =>
      method === 'eth_sendRawTransaction'
        ? await node.accept(params[0] as HexBytes)
        : await node.read(method, params),
    close: async () => undefined
  }
  return reliableRpc({
    transport,
    clock: options.clock,
    random: options.random,
    log: options.log,
    patienceMs: 30_000
  })
}

function funder(node: ChainNode, rpc: Rpc, key: TransactionKey, network: NetworkParameters, clock: Clock) {
  const turns = lane()
  return async (address: Address, gasWei: bigint, tokens: bigint, signal?: AbortSignal): Promise<void> => {
    await turns.run(async () => {
      if (gasWei > 0n) await node.addGas(address, gasWei)
      if (tokens <= 0n) return
      const data = encodeCall('ShoalToken', 'transfer', [address, tokens])
      const what = { contract: 'ShoalToken', method: 'transfer' } as const
      await sendAndWait({ rpc, key, clock, signal }, what, { to: network.token, data })
    })
  }
}

async function deploy(
  node: ChainNode,
  rpc: Rpc,
  key: TransactionKey,
  options: EmbeddedChainOptions
): Promise<NetworkParameters> {
  await node.addGas(key.address, DEPLOYER_WEI)
  const network = await deployContracts({
    rpc,
    key,
    clock: options.clock,
    arbiter: options.arbiter ?? key.address,
    treasury: options.treasury ?? key.address,
    feeBps: options.feeBps,
    unbondingSeconds: options.unbondingSeconds,
    signal: options.signal
  })
  await writeAtomic(`${options.folder}/network.json`, formatNetwork(network))
  return network
}

async function readNetwork(folder: string): Promise<NetworkParameters | undefined> {
  const text = await readIfThere(`${folder}/network.json`)
  return text === undefined ? undefined : loadNetwork(text.toString('utf8'))
}

/** Fresh at the first start; kept in the folder, for its owner only. */
async function deployerKey(folder: string, random: Random): Promise<TransactionKey> {
  const file = `${folder}/deployer.key`
  const known = await readIfThere(file)
  if (known !== undefined)
    return createTransactionKey(new Uint8Array(Buffer.from(known.toString('utf8').trim(), 'hex')))
  const secret = random.bytes(32)
  await writeAtomic(file, Buffer.from(secret).toString('hex') + '\n')
  return createTransactionKey(secret)
}

/** One process for each folder. A lock left by a process that is gone counts for nothing. */
async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = `${folder}/owner.pid`
  const [pid = '', started = ''] = (await readIfThere(file))?.toString('utf8').split(' ') ?? []
  const holder = pid === '' || Number(pid) === process.pid ? undefined : await describeProcess(Number(pid))
  if (holder !== undefined && holder.started.replaceAll(' ', '_') === started) {
    throw new ShoalError('HOME_LOCKED', `process ${pid} runs this chain already`, {
      data: { pid },
      next: 'Use that one, or give this chain a folder of its own.'
    })
  }
  const self = await describeProcess(process.pid)
  await writeAtomic(file, `${process.pid} ${(self?.started ?? '').replaceAll(' ', '_')}`)
  return async () => await removeFile(file)
}
