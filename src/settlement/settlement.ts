/** The Settlement port over JSON-RPC. */
import { ShoalError } from '../protocol/errors.ts'
import { oldGeneration } from '../protocol/old-generation.ts'
import type { Address } from '../protocol/ids.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { OperatorKey } from '../protocol/ports/keys.ts'
import type { Logger } from '../protocol/ports/log.ts'
import type { Random } from '../protocol/ports/random.ts'
import type { Generation, NetworkParameters, Settlement } from '../protocol/ports/settlement.ts'
import type { Store } from '../protocol/ports/store.ts'
import { linked } from '../protocol/signals.ts'
import { agreementActions, stakeActions } from './actions.ts'
import { DepthReader } from './depth.ts'
import { fundActions } from './funds.ts'
import { createOperatorKey, type OperatorSigner } from './keys/operator.ts'
import { domainOf } from './keys/typed.ts'
import { networkDigest } from './network.ts'
import { reads } from './reads.ts'
import { httpRpc } from './rpc/adapters/http-rpc.ts'
import { reliableRpc, type Rpc } from './rpc/reliable.ts'
import type { RpcTransport } from './rpc/rpc.ts'
import { severalRpcs } from './rpc/several.ts'
import { BlockClock } from './time/chain-clock.ts'
import { Pace } from './time/pace.ts'
import { watched } from './time/sightings.ts'
import { txJournal } from './tx/journal.ts'
import type { SenderOptions } from './tx/book.ts'
import { TxSender } from './tx/sender.ts'
import { verifyNetwork } from './verify.ts'
import { historyOf } from './watch/history.ts'
import { LogPages } from './watch/log-pages.ts'
import { markStore } from './watch/marks.ts'
import { Watcher } from './watch/watcher.ts'
import { within } from './within.ts'

/** All optional; times in milliseconds. */
export interface SettlementOptions extends Partial<SenderOptions> {
  /** How long one call waits for an RPC that is away before CHAIN_UNREACHABLE; default 45 s (a chain restart takes about 15 s). */
  readonly patienceMs?: number
  /** Longest wait for one answer of the RPC; default 10 s. */
  readonly requestMs?: number
  /** Pause between two looks for events; default 500. */
  readonly watchMs?: number
  /** Blocks in one page of logs at most; default 2000. Pages that an RPC refuses become smaller. */
  readonly pageBlocks?: number
}

export interface SettlementParts {
  readonly rpcUrl: string
  /** Further RPCs of the same chain, asked in this order when those before do not answer. */
  readonly fallbackUrls?: readonly string[]
  readonly network: NetworkParameters
  /** The 32-byte operator secret, or the key made from it with createOperatorKey. */
  readonly key: Uint8Array | OperatorSigner
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly options?: SettlementOptions
  /** Instead of HTTP, for tests. */
  readonly transport?: RpcTransport
}

const PAGE_BLOCKS = 2000
const senderDefaults = {
  actionMs: 120_000,
  pollMs: 150,
  rebroadcastMs: 2000,
  stuckMs: 20_000,
  /** Deeper than what an embedded chain may lose that goes back to its last saved state. */
  confirmations: 30
} as const satisfies SenderOptions

/**
 * A settlement client. `start` checks that the RPC serves this network (CHAIN_WRONG_NETWORK, or CHAIN_UNREACHABLE after
 * `patienceMs`), then takes up journalled transactions. A failed start may be repeated; a stopped client is not started again.
 */
export function createSettlement(parts: SettlementParts): Settlement & { readonly key: OperatorKey } {
  const { network, clock, random, log, store, options = {} } = parts
  const key = parts.key instanceof Uint8Array ? createOperatorKey(parts.key, domainOf(network)) : parts.key
  const transport = parts.transport ?? httpRpcs(parts)
  const blocks = new BlockClock(clock)
  const reliable = reliableRpc({ transport, clock, random, log, patienceMs: options.patienceMs ?? 45_000 })
  const rpc = watched(reliable, clock, blocks)
  const pace = new Pace(() => blocks.interval())
  const generation = (): Generation | undefined => life.generation
  const read = reads(rpc, network, generation)
  const sender = new TxSender({
    rpc,
    key,
    chainId: network.chainId,
    journal: txJournal(store, network.chainId, key.address),
    contracts: [network.token, network.vault, network.escrow, network.registry],
    clock,
    log,
    took: ms => pace.took(ms),
    options: { ...senderDefaults, ...options }
  })
  const { address, signPermit } = key
  const actions = { network, reads: read, sender, address, signPermit, generation }
  const life = lifecycle(rpc, sender, network, log, blocks)
  const marks = markStore(store, networkDigest(network))
  const pages = new LogPages({ rpc, clock, log, pageBlocks: options.pageBlocks ?? PAGE_BLOCKS })
  const history: Settlement['history'] = async (id, o) =>
    await historyOf({ rpc, clock, network, pages }, id, o)
  const depths = new DepthReader({ rpc, network, history })
  return {
    key,
    network,
    address: key.address,
    get generation() {
      return life.generation
    },
    get reachable() {
      return rpc.reachable
    },
    get blindness() {
      return pages.blindness
    },
    clock: blocks,
    inclusionMs: () => pace.estimateMs(sender.waitingMs),
    start: life.start,
    stop: life.stop,
    underWay: () => sender.underWay(),
    account: async (address: Address = key.address, o = {}) => await read.account(address, o),
    time: async o => await read.time(o),
    escrow: async (id, { depth = 0, ...o } = {}) =>
      depth === 0 ? await read.entry(id, o) : await depths.escrow(id, depth, o),
    stakeOf: async (address, o) => (await read.stakeOf(address, o)).active,
    ...fundActions(actions),
    ...agreementActions(actions),
    ...stakeActions(actions),
    history,
    watch: async (from, onEvent, signal, rest) => {
      const watch = {
        rpc,
        clock,
        log,
        marks,
        escrow: network.escrow,
        fromBlock: network.fromBlock,
        pollMs: options.watchMs ?? 500,
        pages,
        rest
      }
      await within(
        linked(signal, life.signal),
        async both => await new Watcher(watch, onEvent, both).run(from)
      )
    }
  }
}

/** HTTP to every configured RPC. */
function httpRpcs({
  rpcUrl,
  fallbackUrls = [],
  network,
  clock,
  log,
  options = {}
}: SettlementParts): RpcTransport {
  const http = { timeoutMs: options.requestMs ?? 10_000 }
  const endpoints = [rpcUrl, ...fallbackUrls].map(url => ({
    name: new URL(url).host,
    transport: httpRpc(url, http)
  }))
  return severalRpcs(endpoints, { clock, log, chainId: network.chainId })
}

/** Starts and stops once. */
function lifecycle(rpc: Rpc, sender: TxSender, network: NetworkParameters, log: Logger, blocks: BlockClock) {
  let measuring: Promise<void> = Promise.resolve()
  const ended = new AbortController()
  let started: Promise<void> | undefined
  let generation: Generation | undefined
  const begin = async (signal?: AbortSignal): Promise<void> => {
    generation = await within(
      linked(signal, ended.signal),
      async both => await verifyNetwork(rpc, network, { signal: both })
    )
    if (generation === 1) log.warn({ err: oldGeneration() }, 'nothing new is bought or sold on this network')
    await sender.start()
    measuring = blocks.measure(rpc, ended.signal)
  }
  return {
    signal: ended.signal,
    get generation() {
      return generation
    },
    start: async (signal?: AbortSignal): Promise<void> => {
      if (ended.signal.aborted) throw new ShoalError('CANCELLED', 'this settlement client was stopped')
      started ??= begin(signal)
      try {
        await started
      } catch (e) {
        started = undefined
        throw e
      }
    },
    stop: async (): Promise<void> => {
      if (ended.signal.aborted) return
      ended.abort(new ShoalError('CANCELLED', 'the settlement client stops'))
      await sender.stop()
      await measuring
      await rpc.close()
    }
  }
}
