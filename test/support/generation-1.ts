/** A network of generation 1, made from the bytecode of that time, and agreements opened on it as they were then. */
import { readFileSync } from 'node:fs'
import { AbiCoder, Interface } from 'ethers/abi'
import { getCreateAddress } from 'ethers/address'
import { typedData, type Agreement } from '../../src/protocol/eip712.ts'
import type { Address, HexBytes } from '../../src/protocol/ids.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { NetworkParameters } from '../../src/protocol/ports/settlement.ts'
import type { ContractName } from '../../src/settlement/contracts.ts'
import { sendAndWait } from '../../src/settlement/deploy.ts'
import type { OperatorSigner, TransactionKey } from '../../src/settlement/keys/operator.ts'
import type { Rpc } from '../../src/settlement/rpc/reliable.ts'
import { toNumber, toQuantity } from '../../src/settlement/rpc/rpc.ts'

const bytecode = JSON.parse(
  readFileSync(new URL('../fixtures/generation-1/bytecode.json', import.meta.url), 'utf8')
) as Readonly<Record<ContractName, HexBytes>>

const tuple = typedData.Agreement.map(f => `${f.type} ${f.name}`).join(', ')
const first = new Interface([
  `function open((${tuple}) a, bytes requesterSig, bytes providerSig) returns (bytes32)`,
  'function seal(address escrow, address registry)',
  'function transfer(address to, uint256 amount)'
])

interface Parts {
  readonly rpc: Rpc
  readonly clock: Clock
}

/** `key`: pays, and holds all tokens. Fee 1 %, unbonding one day. */
export async function firstNetwork(
  { rpc, clock }: Parts,
  key: TransactionKey,
  arbiter: Address
): Promise<NetworkParameters> {
  const deploy = async (
    contract: ContractName,
    types: readonly string[],
    args: readonly unknown[]
  ): Promise<Address> => {
    const count = await rpc.call('eth_getTransactionCount', [key.address, 'pending'])
    const data = (bytecode[contract] + AbiCoder.defaultAbiCoder().encode(types, args).slice(2)) as HexBytes
    await sendAndWait({ rpc, key, clock }, { contract, method: 'constructor' }, { to: null, data })
    return getCreateAddress({ from: key.address, nonce: toNumber(count, 'nonce') }) as Address
  }
  const token = await deploy('ShoalToken', ['address', 'uint256'], [key.address, 10n ** 27n])
  const vault = await deploy('Vault', ['address'], [token])
  const escrow = await deploy('Escrow', ['address', 'address', 'uint256'], [vault, key.address, 100])
  const registry = await deploy('Registry', ['address', 'uint64'], [vault, 86_400n])
  const data = first.encodeFunctionData('seal', [escrow, registry]) as HexBytes
  await sendAndWait({ rpc, key, clock }, { contract: 'Vault', method: 'seal' }, { to: vault, data })
  const chainId = toQuantity(await rpc.call('eth_chainId', []), 'chain id')
  return { chainId, token, vault, escrow, registry, arbiter, feeBps: 100, fromBlock: 0 }
}

/** Tokens from whoever made the network. */
export async function firstTokens(
  { rpc, clock }: Parts,
  key: TransactionKey,
  { token }: NetworkParameters,
  to: Address,
  amount: bigint
): Promise<void> {
  const data = first.encodeFunctionData('transfer', [to, amount]) as HexBytes
  await sendAndWait({ rpc, key, clock }, { contract: 'ShoalToken', method: 'transfer' }, { to: token, data })
}

/** Both sign, and the requester sends both signatures. */
export async function openFirst(
  { rpc, clock }: Parts,
  { escrow }: NetworkParameters,
  requester: OperatorSigner,
  provider: OperatorSigner,
  a: Agreement
): Promise<void> {
  const signatures = [await requester.sign('Agreement', a), await provider.sign('Agreement', a)]
  const data = first.encodeFunctionData('open', [a, ...signatures]) as HexBytes
  const name = { contract: 'Escrow', method: 'open' } as const
  await sendAndWait({ rpc, key: requester, clock }, name, { to: escrow, data })
}
