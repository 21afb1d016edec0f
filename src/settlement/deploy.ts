/** Puts the four contracts on a chain. */
import { getCreateAddress } from 'ethers/address'
import { ShoalError } from '../protocol/errors.ts'
import type { Address, HexBytes } from '../protocol/ids.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { NetworkParameters } from '../protocol/ports/settlement.ts'
import { deployData, encodeCall, type ContractName } from './contracts.ts'
import type { TransactionKey } from './keys/operator.ts'
import { chainError } from './revert.ts'
import type { Rpc } from './rpc/reliable.ts'
import { RpcRefused, toNumber, toQuantity } from './rpc/rpc.ts'
import { feeSource } from './tx/fees.ts'
import { readReceipt } from './tx/pending.ts'

export interface DeployParts {
  readonly rpc: Rpc
  readonly key: TransactionKey
  readonly clock: Clock
  readonly arbiter: Address
  /** Whose vault balance receives the fees. */
  readonly treasury: Address
  /** Fee on payments in basis points, at most 1,000; default 100 (1 %). */
  readonly feeBps?: number
  /** Seconds between unstake and claim; default 86,400. */
  readonly unbondingSeconds?: bigint
  /** All tokens that will ever be, minted to the deployer; default 10^9 tokens of 18 decimals. */
  readonly supply?: bigint
  /** Longest wait for one transaction in milliseconds; default 60 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const FEE_BPS = 100
const UNBONDING = 86_400n
const SUPPLY = 10n ** 27n

/** Sends one transaction of a fresh key and waits until it is mined. CHAIN_REVERTED, SETTLE_TIMEOUT. */
export async function sendAndWait(
  parts: Pick<DeployParts, 'rpc' | 'key' | 'clock' | 'timeoutMs' | 'signal'>,
  what: { contract: ContractName; method: string },
  tx: { to: Address | null; data: HexBytes; value?: bigint }
): Promise<number> {
  const { rpc, key, clock, signal } = parts
  const from = key.address
  try {
    const [chainId, nonce, gas, fees] = await Promise.all([
      rpc.call('eth_chainId', [], { signal }),
      rpc.call('eth_getTransactionCount', [from, 'pending'], { signal }),
      rpc.call('eth_estimateGas', [{ from, to: tx.to ?? undefined, data: tx.data }, 'latest'], { signal }),
      feeSource(rpc, clock, undefined)(signal)
    ])
    const signed = key.signTransaction({
      type: 2,
      chainId: toQuantity(chainId, 'chain id'),
      nonce: toNumber(nonce, 'nonce'),
      to: tx.to,
      data: tx.data,
      gasLimit: (toQuantity(gas, 'gas estimate') * 5n) / 4n,
      maxFeePerGas: fees.maxFee,
      maxPriorityFeePerGas: fees.tip
    })
    await rpc.call('eth_sendRawTransaction', [signed.raw], { signal })
    const end = clock.monotonic() + (parts.timeoutMs ?? 60_000)
    for (;;) {
      const receipt = readReceipt(await rpc.call('eth_getTransactionReceipt', [signed.hash], { signal }))
      if (receipt?.ok === true) return receipt.block
      if (receipt !== undefined) throw chainError(what, { message: 'reverted when mined', data: undefined })
      if (clock.monotonic() > end)
        throw new ShoalError('SETTLE_TIMEOUT', `${what.contract}.${what.method} was not mined in time`)
      await clock.sleep(20, signal)
    }
  } catch (e) {
    if (e instanceof RpcRefused) throw chainError(what, e)
    throw e
  }
}

/** Deploys token, vault, registry and escrow, and seals the vault. The key's account must hold gas money. */
export async function deployContracts(parts: DeployParts): Promise<NetworkParameters> {
  const { rpc, key, arbiter, treasury, signal } = parts
  const feeBps = parts.feeBps ?? FEE_BPS
  const chainId = toQuantity(await rpc.call('eth_chainId', [], { signal }), 'chain id')
  let fromBlock: number | undefined
  const deploy = async (contract: ContractName, args: readonly unknown[]): Promise<Address> => {
    const nonce = toNumber(
      await rpc.call('eth_getTransactionCount', [key.address, 'pending'], { signal }),
      'nonce'
    )
    const block = await sendAndWait(
      parts,
      { contract, method: 'constructor' },
      { to: null, data: deployData(contract, args) }
    )
    fromBlock ??= block
    return getCreateAddress({ from: key.address, nonce }) as Address
  }
  const token = await deploy('ShoalToken', [key.address, parts.supply ?? SUPPLY])
  const vault = await deploy('Vault', [token])
  const registry = await deploy('Registry', [vault, parts.unbondingSeconds ?? UNBONDING])
  const escrow = await deploy('Escrow', [vault, registry, treasury, feeBps])
  await sendAndWait(
    parts,
    { contract: 'Vault', method: 'seal' },
    { to: vault, data: encodeCall('Vault', 'seal', [escrow, registry]) }
  )
  return { chainId, token, vault, escrow, registry, arbiter, feeBps, fromBlock: fromBlock ?? 0 }
}
