/** Does this RPC serve the network that we think it does? */
import { ShoalError } from '../protocol/errors.ts'
import type { CallOptions, NetworkParameters } from '../protocol/ports/settlement.ts'
import { addressOf, reads } from './reads.ts'
import type { Rpc } from './rpc/reliable.ts'
import { toQuantity } from './rpc/rpc.ts'

const contracts = ['ShoalToken', 'Vault', 'Escrow', 'Registry'] as const

const wrong = (message: string, data: Record<string, string>): ShoalError =>
  new ShoalError('CHAIN_WRONG_NETWORK', message, {
    data,
    next: 'Check chain.rpcUrl and network.json: they must belong together.'
  })

/**
 * Compares chain id, the code at each address and how the contracts are wired to each other. CHAIN_WRONG_NETWORK names the
 * difference; CHAIN_UNREACHABLE when the RPC stays away.
 */
export async function verifyNetwork(
  rpc: Rpc,
  network: NetworkParameters,
  options: CallOptions = {}
): Promise<void> {
  const { signal } = options
  const chainId = toQuantity(await rpc.call('eth_chainId', [], { signal }), 'chain id')
  if (chainId !== network.chainId) {
    throw wrong(`this is chain ${chainId}, not ${network.chainId}`, {
      actual: `${chainId}`,
      wanted: `${network.chainId}`
    })
  }
  await Promise.all(
    contracts.map(async contract => {
      const address = addressOf(network, contract)
      const code = await rpc.call('eth_getCode', [address, 'latest'], { signal })
      if (typeof code !== 'string' || code === '0x')
        throw wrong(`no ${contract} at ${address}`, { contract, address })
    })
  )
  const read = reads(rpc, network)
  const [token, escrow, registry, vault, feeBps] = await Promise.all([
    read.call('Vault', 'token', [], options),
    read.call('Vault', 'escrow', [], options),
    read.call('Vault', 'registry', [], options),
    read.call('Escrow', 'vault', [], options),
    read.call('Escrow', 'feeBps', [], options)
  ])
  const wired: readonly [string, unknown, string][] = [
    ['token', token[0], network.token],
    ['escrow', escrow[0], network.escrow],
    ['registry', registry[0], network.registry],
    ['vault', vault[0], network.vault],
    ['feeBps', feeBps[0], network.feeBps.toString()]
  ]
  for (const [what, actual, wanted] of wired) {
    if (String(actual).toLowerCase() === wanted.toLowerCase()) continue
    throw wrong(`${what} on the chain is ${String(actual)}, not ${wanted}`, {
      what,
      actual: String(actual),
      wanted
    })
  }
}
