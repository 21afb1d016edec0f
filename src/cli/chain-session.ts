/** Which chain a peer uses: the configured one, or, for a full peer without one, an embedded chain of its own. */
import { ShoalError } from '../protocol/errors.ts'
import { parseAmount } from '../protocol/money.ts'
import type { Logger, NetworkParameters } from '../protocol/ports/index.ts'
import type { OpenedHome } from '../peer/home/home.ts'
import type { Secrets } from '../peer/home/keystore.ts'
import { operatorAddress } from '../settlement/keys/operator.ts'
import { formatNetwork, loadNetwork } from '../settlement/network.ts'
import type { Cli } from './context.ts'

export interface ChainSession {
  readonly rpcUrl: string
  readonly network: NetworkParameters
  stop(): Promise<void>
}

/** Play money for the owner of a private chain. */
const OWN_GAS = 10n ** 20n
const OWN_TOKENS = parseAmount('1000')

async function embedded(
  cli: Cli,
  home: OpenedHome,
  secrets: Secrets,
  log: Logger,
  signal: AbortSignal
): Promise<ChainSession> {
  const { startEmbeddedChain } = await import('../settlement/chain/embedded.ts')
  const { clock, random, files } = cli
  const chain = await startEmbeddedChain({
    folder: home.layout.chain,
    clock,
    random,
    log: log.child({ room: 'chain' }),
    port: home.config.chain.port,
    signal
  })
  if ((await files.stat(home.layout.network)) === undefined)
    await chain.fund(operatorAddress(secrets.operator), OWN_GAS, OWN_TOKENS, signal)
  await files.write(home.layout.network, new TextEncoder().encode(formatNetwork(chain.network)))
  return { rpcUrl: chain.rpcUrl, network: chain.network, stop: () => chain.stop() }
}

/** CONFIG_INVALID when a configured chain has no network file, or a light peer has no chain. */
export async function chainOf(
  cli: Cli,
  home: OpenedHome,
  secrets: Secrets,
  log: Logger,
  signal: AbortSignal
): Promise<ChainSession> {
  const { rpcUrl } = home.config.chain
  if (rpcUrl === undefined) {
    if (home.config.profile === 'full') return await embedded(cli, home, secrets, log, signal)
    throw new ShoalError(
      'CONFIG_INVALID',
      'no chain is configured, and no peer runs on this home that has one',
      {
        next: `Start the peer with: shoal up. Or set chain.rpcUrl in ${home.layout.config} (or SHOAL_RPC_URL), and put the network's network.json beside it. To try things out: shoal devnet`
      }
    )
  }
  const network = await networkOf(cli, home)
  return { rpcUrl, network, stop: async () => undefined }
}

export async function networkOf(cli: Cli, home: OpenedHome): Promise<NetworkParameters> {
  if ((await cli.files.stat(home.layout.network)) === undefined) {
    throw new ShoalError(
      'CONFIG_INVALID',
      `${home.layout.network} is missing: it says which contracts this network uses`,
      {
        next: 'Copy network.json from the network you want to join, or: shoal init --network FILE'
      }
    )
  }
  return loadNetwork(new TextDecoder().decode(await cli.files.read(home.layout.network)))
}
