/** Does this RPC serve the network that we think it does, and of which generation are its contracts? */
import { ShoalError } from '../protocol/errors.ts'
import type { CallOptions, Generation, NetworkParameters } from '../protocol/ports/settlement.ts'
import type { ContractName } from './contracts.ts'
import { generationsWith } from './generation.ts'
import { addressOf, reads } from './reads.ts'
import type { Rpc } from './rpc/reliable.ts'
import { toQuantity } from './rpc/rpc.ts'

const contracts = ['ShoalToken', 'Vault', 'Escrow', 'Registry'] as const

const wrong = (message: string, data: Record<string, string>): ShoalError =>
  new ShoalError('CHAIN_WRONG_NETWORK', message, {
    data,
    next: 'Check chain.rpcUrl and network.json: they must belong together.'
  })

/** Of which generations the contract at its address can be. */
async function codeOf(
  rpc: Rpc,
  network: NetworkParameters,
  contract: ContractName,
  signal?: AbortSignal
): Promise<readonly Generation[]> {
  const address = addressOf(network, contract)
  const code = await rpc.call('eth_getCode', [address, 'latest'], { signal })
  if (typeof code !== 'string' || code === '0x')
    throw wrong(`no ${contract} at ${address}`, { contract, address })
  const found = generationsWith(contract, code)
  if (found.length > 0) return found
  throw wrong(`what stands at ${address} is not our ${contract}`, { contract, address })
}

async function generationOf(rpc: Rpc, network: NetworkParameters, signal?: AbortSignal): Promise<Generation> {
  const found = await Promise.all(contracts.map(async c => await codeOf(rpc, network, c, signal)))
  const generation = ([2, 1] as const).find(g => found.every(list => list.includes(g)))
  if (generation !== undefined) return generation
  const data = Object.fromEntries(contracts.map((c, i) => [c, found[i]?.join(' or ') ?? '']))
  throw wrong('the contracts are of different generations', data)
}

/** What each contract must say of the others. */
async function wiringOf(
  rpc: Rpc,
  network: NetworkParameters,
  generation: Generation,
  options: CallOptions
): Promise<readonly (readonly [string, unknown, string])[]> {
  const read = reads(rpc, network)
  const ask = async (contract: ContractName, method: string, what: string, wanted: string) =>
    [what, (await read.call(contract, method, [], options))[0] as unknown, wanted] as const
  const { token, escrow, registry, vault, feeBps } = network
  const both = [
    ask('Vault', 'token', 'token', token),
    ask('Vault', 'escrow', 'escrow', escrow),
    ask('Vault', 'registry', 'registry', registry),
    ask('Registry', 'vault', "the registry's vault", vault),
    ask('Escrow', 'vault', "the escrow's vault", vault),
    ask('Escrow', 'feeBps', 'feeBps', feeBps.toString())
  ]
  const second = [
    ask('Escrow', 'token', "the escrow's token", token),
    ask('Escrow', 'registry', "the escrow's registry", registry)
  ]
  return await Promise.all(generation === 1 ? both : [...both, ...second])
}

/**
 * Compares chain id, the code at each address and how the contracts are wired to each other, and tells the generation of the
 * contracts. CHAIN_WRONG_NETWORK names the difference; CHAIN_UNREACHABLE when the RPC stays away.
 */
export async function verifyNetwork(
  rpc: Rpc,
  network: NetworkParameters,
  options: CallOptions = {}
): Promise<Generation> {
  const { signal } = options
  const chainId = toQuantity(await rpc.call('eth_chainId', [], { signal }), 'chain id')
  if (chainId !== network.chainId) {
    throw wrong(`this is chain ${chainId}, not ${network.chainId}`, {
      actual: `${chainId}`,
      wanted: `${network.chainId}`
    })
  }
  const generation = await generationOf(rpc, network, signal)
  for (const [what, actual, wanted] of await wiringOf(rpc, network, generation, options)) {
    if (String(actual).toLowerCase() === wanted.toLowerCase()) continue
    throw wrong(`${what} on the chain is ${String(actual)}, not ${wanted}`, {
      what,
      actual: String(actual),
      wanted
    })
  }
  return generation
}
