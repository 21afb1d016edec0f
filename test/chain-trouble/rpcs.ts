/** What an RPC can do to its callers: each of these stands between real peers and a real anvil. */
import type { Clock } from '../../src/protocol/ports/clock.ts'
import {
  quantity,
  RpcUnreachable,
  toNumber,
  type RpcRequest,
  type RpcTransport
} from '../../src/settlement/rpc/rpc.ts'

/** Answers a request, with the honest chain at hand. */
export type Trouble = (request: RpcRequest, real: RpcTransport, clock: Clock) => Promise<unknown>

export const down: Trouble = async () => {
  throw new RpcUnreachable('the connection is refused')
}

/** Every answer comes five seconds late. */
export const slow: Trouble = async (request, real, clock) => {
  await clock.sleep(5_000)
  return await real.send(request)
}

const headOf = async (real: RpcTransport): Promise<number> =>
  toNumber(await real.send({ method: 'eth_blockNumber', params: [] }), 'block number')

/** Reads are those of `blocks` blocks ago; transactions go through. */
export const stale =
  (blocks: number): Trouble =>
  async ({ method, params }, real) => {
    const head = Math.max(0, (await headOf(real)) - blocks)
    const at = (tag: unknown): unknown => (tag === 'latest' || tag === 'pending' ? quantity(head) : tag)
    if (method === 'eth_blockNumber') return quantity(head)
    if (method === 'eth_getBlockByNumber' && toHeight(params[0]) > head) return null
    if (method === 'eth_getLogs') {
      const [filter] = params as [{ fromBlock: string; toBlock: string }]
      if (Number(filter.fromBlock) > head) return []
      const toBlock = quantity(Math.min(head, Number(filter.toBlock)))
      return await real.send({ method, params: [{ ...filter, toBlock }] })
    }
    const answer = await real.send({ method, params: params.map(at) })
    if (method !== 'eth_getTransactionReceipt' || answer === null) return answer
    const { blockNumber } = answer as { blockNumber: string }
    return Number(blockNumber) > head ? null : answer
  }

const toHeight = (tag: unknown): number => (typeof tag === 'string' && tag.startsWith('0x') ? Number(tag) : 0)

/** Says that everything was mined at once, and tells of no event. */
export const lying: Trouble = async (request, real) => {
  const { method, params } = request
  if (method === 'eth_getLogs') return []
  if (method === 'eth_chainId') return '0x1'
  if (method !== 'eth_getTransactionReceipt') return await real.send(request)
  return { transactionHash: params[0], blockNumber: quantity(await headOf(real)), status: '0x1' }
}

/** Takes transactions and does not pass them on. */
export const swallowing: Trouble = async (request, real) =>
  request.method === 'eth_sendRawTransaction' ? '0x' + '00'.repeat(32) : await real.send(request)

const NONSENSE = ['banana', {}, [], null, '0x', 42, '0x' + 'f'.repeat(64), { number: 'x' }]

/** Answers of the wrong shape, in turn. */
export function nonsense(): Trouble {
  let n = 0
  return async () => NONSENSE[n++ % NONSENSE.length]
}

/** A transport whose trouble is switched on and off. */
export class Troubled implements RpcTransport {
  readonly #real: RpcTransport
  readonly #clock: Clock
  trouble: Trouble | undefined
  /** Requests that met it. */
  troubled = 0

  constructor(real: RpcTransport, clock: Clock) {
    this.#real = real
    this.#clock = clock
  }

  send: RpcTransport['send'] = async (request, signal) => {
    signal?.throwIfAborted()
    if (this.trouble === undefined) return await this.#real.send(request, signal)
    this.troubled++
    return await this.trouble(request, this.#real, this.#clock)
  }

  close = (): Promise<void> => this.#real.close()
}
