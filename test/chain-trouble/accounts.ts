/** What really happened on the chain: transactions of each account, for what, and at which price. */
import { quantity, toNumber, toQuantity, type RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import { interfaceOf } from '../../src/settlement/contracts.ts'
import type { Hex32 } from '../../src/protocol/ids.ts'
import { STRANGER } from './pools.ts'

interface RawTransaction {
  readonly from: string
  readonly to: string | null
  readonly input: string
  readonly nonce: string
  readonly hash: Hex32
  readonly maxFeePerGas?: string
}

interface RawBlock {
  readonly baseFeePerGas: string
  readonly transactions: readonly RawTransaction[]
}

export interface Account {
  readonly name: string
  readonly address: string
}

export interface AccountBooks {
  readonly problems: readonly string[]
  /** Calls and transactions of all accounts together. */
  readonly calls: number
  readonly transactions: number
  /** Withdrawals of each account that succeeded, by name. */
  readonly withdrawals: ReadonlyMap<string, number>
}

const headOf = async (raw: RpcTransport): Promise<number> =>
  toNumber(await raw.send({ method: 'eth_blockNumber', params: [] }), 'block number')

const GWEI = 1_000_000_000n
/** Without a word of its owner a peer offers at most so many times what gas usually costs, base fee and tip. */
const TIMES_USUAL = 20n

/**
 * What a call is for, whatever its form: a permit is signed anew for each try of a deposit, so the amount has to do, and one deposit
 * is wanted here at a time.
 */
function actionOf({ to, input }: RawTransaction): string {
  const deposit = interfaceOf('Vault').getFunction('depositWithPermit')?.selector ?? ''
  return `${to}/${input.startsWith(deposit) ? input.slice(0, 74) : input}`
}

/** Remembers where the chain stands before the trouble; `close` then looks at all that came after. */
export class ChainBooks {
  readonly #raw: RpcTransport
  readonly #from: number
  readonly #usual: bigint

  private constructor(raw: RpcTransport, from: number, usual: bigint) {
    this.#raw = raw
    this.#from = from
    this.#usual = usual
  }

  static async open(raw: RpcTransport): Promise<ChainBooks> {
    const head = await headOf(raw)
    const block = (await raw.send({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as RawBlock
    return new ChainBooks(raw, head + 1, toQuantity(block.baseFeePerGas, 'base fee') + GWEI)
  }

  async close(accounts: readonly Account[]): Promise<AccountBooks> {
    const all = await this.#transactions()
    const problems: string[] = []
    const withdrawals = new Map<string, number>()
    let [calls, transactions] = [0, 0]
    for (const { name, address } of accounts) {
      const own = all.filter(t => t.from.toLowerCase() === address.toLowerCase() && !isStrangers(t))
      const counts = new Map<string, number>()
      for (const t of own.filter(t => t.input !== '0x'))
        counts.set(actionOf(t), (counts.get(actionOf(t)) ?? 0) + 1)
      calls += counts.size
      transactions += own.length
      for (const [action, n] of counts)
        if (n > 2) problems.push(`${name}: one call took ${n} transactions (${action.slice(0, 60)})`)
      if (own.length > 2 * counts.size)
        problems.push(`${name}: ${own.length} transactions for ${counts.size} calls`)
      for (const t of own) this.#judgeFee(name, t, problems)
      withdrawals.set(name, await this.#withdrawals(own))
    }
    return { problems, calls, transactions, withdrawals }
  }

  #judgeFee(name: string, { nonce, maxFeePerGas }: RawTransaction, problems: string[]): void {
    const offered = toQuantity(maxFeePerGas, 'fee')
    const cap = TIMES_USUAL * this.#usual
    if (offered > cap) problems.push(`${name}: nonce ${Number(nonce)} offers ${offered}, the cap is ${cap}`)
  }

  async #transactions(): Promise<RawTransaction[]> {
    const head = await headOf(this.#raw)
    const all: RawTransaction[] = []
    for (let n = this.#from; n <= head; n++) {
      const params = [quantity(n), true]
      const block = (await this.#raw.send({ method: 'eth_getBlockByNumber', params })) as RawBlock
      all.push(...block.transactions)
    }
    return all
  }

  async #withdrawals(own: readonly RawTransaction[]): Promise<number> {
    const withdraw = interfaceOf('Vault').getFunction('withdraw')?.selector ?? ''
    let done = 0
    for (const { hash } of own.filter(t => t.input.startsWith(withdraw))) {
      const receipt = await this.#raw.send({ method: 'eth_getTransactionReceipt', params: [hash] })
      if ((receipt as { status: string }).status === '0x1') done++
    }
    return done
  }
}

const isStrangers = ({ to }: RawTransaction): boolean => to?.toLowerCase() === STRANGER.toLowerCase()
