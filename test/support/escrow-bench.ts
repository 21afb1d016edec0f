/** The contracts on an anvil of their own, called as any account at any second, for comparing them with the table. */
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import type { Agreement } from '../../src/protocol/eip712.ts'
import type { Address, Hex32, HexBytes } from '../../src/protocol/ids.ts'
import type { Caller, EscrowCall } from '../../src/protocol/machines/escrow-rules.ts'
import type { Slot } from '../../src/protocol/machines/escrow.ts'
import type { Holdings } from '../../src/protocol/machines/vault.ts'
import type { NetworkParameters } from '../../src/protocol/ports/settlement.ts'
import { startAnvil, type AnvilProcess } from '../../src/settlement/chain/adapters/process.ts'
import { encodeCall, interfaceOf } from '../../src/settlement/contracts.ts'
import { deployContracts } from '../../src/settlement/deploy.ts'
import { createOperatorKey, type OperatorSigner } from '../../src/settlement/keys/operator.ts'
import { domainOf, typedDigest } from '../../src/settlement/keys/typed.ts'
import { reads } from '../../src/settlement/reads.ts'
import { httpRpc } from '../../src/settlement/rpc/adapters/http-rpc.ts'
import { reliableRpc, type Rpc } from '../../src/settlement/rpc/reliable.ts'
import { quantity, RpcRefused } from '../../src/settlement/rpc/rpc.ts'
import { folderFor, hex32, log, removeFolder } from '../integration/settlement/support.ts'

const FEE_BPS = 137
const PURSE = 1_000_000n
const SECRET = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const COLD = ('0x' + 'c0'.repeat(20)) as Address
const TREASURY = ('0x' + '7e'.repeat(20)) as Address
const BURNED = '0x000000000000000000000000000000000000dEaD' as Address
const GAS = quantity(2_000_000)
const ETHER = quantity(10n ** 21n)

export class EscrowBench {
  readonly feeBps = BigInt(FEE_BPS)
  readonly #anvil: AnvilProcess
  readonly #folder: string
  readonly #rpc: Rpc
  readonly #network: NetworkParameters
  readonly #keys: Readonly<Record<Caller, OperatorSigner>>
  #now: bigint

  private constructor(parts: {
    anvil: AnvilProcess
    folder: string
    rpc: Rpc
    network: NetworkParameters
    now: bigint
  }) {
    this.#anvil = parts.anvil
    this.#folder = parts.folder
    this.#rpc = parts.rpc
    this.#network = parts.network
    this.#now = parts.now
    const key = (n: number): OperatorSigner => createOperatorKey(SECRET(n), domainOf(parts.network))
    this.#keys = { requester: key(1), provider: key(2), arbiter: key(3), other: key(4) }
  }

  static async start(): Promise<EscrowBench> {
    const folder = await folderFor()
    const anvil = await startAnvil({ folder, chainId: 31_337n, stateFile: undefined, clock: systemClock })
    const transport = httpRpc(`http://127.0.0.1:${anvil.port}`)
    const rpc = reliableRpc({ transport, clock: systemClock, random: systemRandom, log, patienceMs: 10_000 })
    await rpc.call('evm_setAutomine', [true])
    await rpc.call('anvil_autoImpersonateAccount', [true])
    const probe = createOperatorKey(SECRET(9), domainOf({ chainId: 31_337n, escrow: COLD }))
    await rpc.call('anvil_setBalance', [probe.address, ETHER])
    const network = await deployContracts({
      rpc,
      key: probe,
      clock: systemClock,
      arbiter: COLD,
      treasury: TREASURY,
      feeBps: FEE_BPS
    })
    const now = (await reads(rpc, network).time()) + 1_000n
    const bench = new EscrowBench({ anvil, folder, rpc, network, now })
    await bench.#fund(probe.address)
    return bench
  }

  async stop(): Promise<void> {
    await this.#rpc.close()
    await this.#anvil.stop()
    await removeFolder(this.#folder)
  }

  async #fund(rich: Address): Promise<void> {
    const { token, vault } = this.#network
    for (const who of Object.values(this.#keys))
      await this.#rpc.call('anvil_setBalance', [who.address, ETHER])
    for (const who of [this.#keys.requester.address, this.#keys.provider.address]) {
      await this.#send(rich, token, encodeCall('ShoalToken', 'transfer', [who, PURSE]))
      await this.#send(who, token, encodeCall('ShoalToken', 'approve', [vault, PURSE]))
      await this.#send(who, vault, encodeCall('Vault', 'deposit', [PURSE]))
    }
  }

  async #send(from: Address, to: Address, data: HexBytes): Promise<void> {
    const hash = await this.#rpc.call('eth_sendTransaction', [{ from, to, data, gas: GAS }])
    for (const end = systemClock.monotonic() + 30_000; systemClock.monotonic() < end;) {
      const receipt = (await this.#rpc.call('eth_getTransactionReceipt', [hash])) as { status: string } | null
      if (receipt?.status === '0x1') return
      if (receipt !== null) throw new Error('a call that the chain said it takes was refused')
      await systemClock.sleep(2)
    }
    throw new Error('a transaction was not mined within 30 seconds')
  }

  /** Terms that are good now. */
  async agreement(changes: Partial<Agreement>): Promise<Agreement> {
    const { requester, provider, arbiter } = this.#keys
    return {
      jobId: hex32(),
      shard: 0,
      attempt: 1,
      requester: requester.address,
      provider: provider.address,
      beneficiary: COLD,
      arbiter: arbiter.address,
      price: 1_000n,
      bond: 100n,
      specHash: hex32(),
      bidRoot: hex32(),
      openBy: this.#now + 20n,
      deliverBy: this.#now + 40n,
      challengeWindow: 20,
      arbitrationWindow: 60,
      splitBps: 0,
      salt: hex32(),
      ...changes
    }
  }

  /** The second of the next call, `seconds` after the last one. */
  async later(seconds: number): Promise<bigint> {
    this.#now += BigInt(seconds)
    return this.#now
  }

  async revoke(a: Agreement, side: 'requester' | 'provider'): Promise<void> {
    await this.#send(
      this.#keys[side].address,
      this.#network.escrow,
      encodeCall('Escrow', 'revoke', [this.#id(a)])
    )
  }

  /** Addresses from whose balances nobody can withdraw. */
  get contracts(): readonly Address[] {
    const { token, vault, escrow, registry } = this.#network
    return [token, vault, escrow, registry]
  }

  /** What the contract itself says the dispute bond is. */
  async disputeBond(a: Agreement): Promise<bigint> {
    return BigInt((await reads(this.#rpc, this.#network).call('Escrow', 'disputeBondOf', [a]))[0] as bigint)
  }

  #id = (a: Agreement): Hex32 => typedDigest(domainOf(this.#network), 'Agreement', a)

  /** Makes a call at the present second; the contract's error by name, or undefined when it was taken. */
  async call(a: Agreement, caller: Caller, c: EscrowCall): Promise<string | undefined> {
    const data = await this.#encode(a, c)
    const from = this.#keys[caller].address
    const to = this.#network.escrow
    try {
      const request = { from, to, data, gas: GAS }
      await this.#rpc.call('eth_call', [request, 'latest', {}, { time: quantity(this.#now) }])
    } catch (e) {
      if (!(e instanceof RpcRefused)) throw e
      return this.#errorName(e)
    }
    await this.#rpc.call('evm_setNextBlockTimestamp', [Number(this.#now)])
    await this.#send(from, to, data)
    return undefined
  }

  #errorName(e: RpcRefused): string {
    for (const name of ['Escrow', 'Vault'] as const) {
      const found = interfaceOf(name).parseError(e.data ?? '0x')
      // a revoked signature is no signature
      if (found !== null) return found.name === 'SignatureRevoked' ? 'BadSignature' : found.name
    }
    throw e
  }

  async #encode(a: Agreement, c: EscrowCall): Promise<HexBytes> {
    const { requester, provider, other } = this.#keys
    const signer = (signed: boolean, key: OperatorSigner): OperatorSigner => (signed ? key : other)
    const call = (method: string, ...args: readonly unknown[]) => encodeCall('Escrow', method, [a, ...args])
    switch (c.kind) {
      case 'open':
        return call('open', await signer(c.providerSigned, provider).sign('Agreement', a))
      case 'acknowledge': {
        const receipt = { agreement: this.#id(a), sequence: 1, digest: hex32(), amount: c.amount }
        return call(
          'acknowledge',
          receipt,
          await signer(c.requesterSigned, requester).sign('Receipt', receipt)
        )
      }
      case 'cancel': {
        const release = { agreement: this.#id(a), amount: c.amount }
        return call(
          'cancel',
          release,
          await signer(c.providerSigned, provider).sign('Release', release),
          await signer(c.requesterSigned, requester).sign('Release', release)
        )
      }
      case 'deliver':
        return call('deliver', hex32(), c.amount)
      case 'refund':
        return call('refund', c.acknowledged)
      case 'rule':
        return call('rule', c.providerBps, c.bondSlashBps)
      default:
        return call(c.kind)
    }
  }

  async slot(a: Agreement): Promise<Slot> {
    const e = await reads(this.#rpc, this.#network).entry(this.#id(a))
    const { state, outcome, acknowledged, claim, deliveredAt, disputedAt } = e
    return { state, outcome, acknowledged, claim, deliveredAt, disputedAt }
  }

  /** Balances in the vault. */
  async holdings(): Promise<Holdings> {
    const read = reads(this.#rpc, this.#network)
    const of = async (address: Address) => {
      const { free, locked } = await read.account(address)
      return { free, locked }
    }
    const [requester, provider, beneficiary, treasury, burned] = await Promise.all(
      [this.#keys.requester.address, this.#keys.provider.address, COLD, TREASURY, BURNED].map(of)
    )
    return { requester, provider, beneficiary, treasury, burned } as Holdings
  }
}
