/** An escrow as it stood some blocks below the head: a reorganisation may take back what is younger. */
import { isShoalError } from '../protocol/errors.ts'
import type { AgreementId, Hex32 } from '../protocol/ids.ts'
import type { CallOptions, Escrow, NetworkParameters, SettlementEvent } from '../protocol/ports/settlement.ts'
import { reads } from './reads.ts'
import type { Rpc } from './rpc/reliable.ts'
import { quantity, toNumber } from './rpc/rpc.ts'
import { blockHashAt } from './tx/lookup.ts'

/** Escrows whose first sight is remembered. */
const SEEN_MAX = 1024
const NONE: Escrow = { state: 'none', acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n }

export interface DepthParts {
  readonly rpc: Rpc
  readonly network: NetworkParameters
  readonly history: (id: AgreementId, options: CallOptions) => Promise<readonly SettlementEvent[]>
}

/** Reads that are answered from the state of one block. */
const at = (rpc: Rpc, block: number): Rpc => ({
  get reachable() {
    return rpc.reachable
  },
  call: (method, params, options) =>
    rpc.call(
      method,
      params.map(p => (p === 'latest' ? quantity(block) : p)),
      options
    ),
  close: () => rpc.close()
})

export class DepthReader {
  readonly #parts: DepthParts
  /** The head at which an escrow was first seen, where neither old states nor events can be read. */
  readonly #seen = new Map<AgreementId, { readonly block: number; readonly hash: Hex32 }>()

  constructor(parts: DepthParts) {
    this.#parts = parts
  }

  /**
   * `none` while it was not there `depth` blocks below the head. Nodes that keep no old states are asked for its opening instead: then
   * what is told is how it stands now, if it is that old. Without events two looks at it have to lie that far apart.
   */
  async escrow(id: AgreementId, depth: number, options: CallOptions): Promise<Escrow> {
    const { rpc, network } = this.#parts
    const { signal } = options
    const head = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
    const block = head - depth
    if (block < network.fromBlock) return NONE
    try {
      return await reads(at(rpc, block), network).entry(id, options)
    } catch (e) {
      // no such old state, or this node is not at that height
      if (!isShoalError(e, 'CHAIN_REVERTED', 'CHAIN_WRONG_NETWORK')) throw e
    }
    const now = await reads(rpc, network).entry(id, options)
    if (now.state === 'none' || (await this.#isDeep(id, head, depth, options))) return now
    return NONE
  }

  async #isDeep(id: AgreementId, head: number, depth: number, options: CallOptions): Promise<boolean> {
    try {
      const events = await this.#parts.history(id, options)
      const opened = events.find(e => e.kind === 'opened')
      if (opened !== undefined) return opened.cursor.block <= head - depth
    } catch (e) {
      if (!isShoalError(e, 'CHAIN_UNREACHABLE')) throw e
    }
    return await this.#byLooks(id, head, depth, options)
  }

  /** Seen before, in a chain that still holds the block that was its head then. */
  async #byLooks(id: AgreementId, head: number, depth: number, options: CallOptions): Promise<boolean> {
    const signal = options.signal ?? new AbortController().signal
    const first = this.#seen.get(id)
    if (first !== undefined && (await blockHashAt(this.#parts.rpc, first.block, signal)) === first.hash)
      return head - first.block >= depth
    const hash = await blockHashAt(this.#parts.rpc, head, signal)
    if (hash === null) return false
    const [oldest] = this.#seen.keys()
    if (this.#seen.size >= SEEN_MAX && oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.set(id, { block: head, hash })
    return false
  }
}
