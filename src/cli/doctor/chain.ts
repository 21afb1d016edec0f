/** The chain: configured, reachable, the right one, and is there money on it. */
import { isShoalError } from '../../protocol/errors.ts'
import { formatAmount, SYMBOL } from '../../protocol/money.ts'
import type { Account, NetworkParameters } from '../../protocol/ports/settlement.ts'
import type { OpenedHome } from '../../peer/home/home.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import { anvilBinary } from '../../settlement/chain/adapters/process.ts'
import { connectRpc, verifyNetwork } from '../../settlement/index.ts'
import { reads } from '../../settlement/reads.ts'
import { networkOf } from '../chain-session.ts'
import type { Cli } from '../context.ts'
import { bad, note, ok, type Finding } from './check.ts'
import { findingOf } from './home.ts'

/** How long a chain may take to answer before it counts as away, ms. */
const PATIENCE_MS = 3_000

export function fundsOf(account: Account): Finding {
  const said = `${formatAmount(account.free)} ${SYMBOL} free in the vault, ${formatAmount(account.wallet)} in the wallet, gas ${formatAmount(account.gas)}`
  if (account.gas === 0n)
    return bad('funds', `${said}: no gas for any transaction`, `Send gas to ${account.address}.`, true)
  if (account.free > 0n) return ok('funds', said)
  return account.wallet > 0n
    ? note(
        'funds',
        `${said}: a job needs money in the vault`,
        `shoal wallet deposit ${formatAmount(account.wallet)}`
      )
    : note(
        'funds',
        `${said}: enough to sell, not to buy`,
        `Send ${SYMBOL} to ${account.address}, then: shoal wallet deposit AMOUNT`
      )
}

async function ask(
  cli: Cli,
  home: OpenedHome,
  rpcUrl: string,
  network: NetworkParameters,
  signal: AbortSignal
): Promise<Finding[]> {
  const log = createLogger({ level: 'silent', file: home.layout.log })
  const rpc = connectRpc({ rpcUrl, clock: cli.clock, random: cli.random, log, patienceMs: PATIENCE_MS })
  try {
    await verifyNetwork(rpc, network, { signal })
    const account = await reads(rpc, network).account(home.keys.operator as Account['address'], { signal })
    return [ok('chain', `${rpcUrl}, chain ${network.chainId}, contracts in place`), fundsOf(account)]
  } finally {
    await rpc.close()
  }
}

export async function checkChain(cli: Cli, home: OpenedHome, signal: AbortSignal): Promise<Finding[]> {
  const { rpcUrl } = home.config.chain
  try {
    if (rpcUrl !== undefined) return await ask(cli, home, rpcUrl, await networkOf(cli, home), signal)
    if (home.config.profile === 'full') {
      anvilBinary()
      return [ok('chain', 'an embedded chain of its own starts with: shoal up')]
    }
    const next = `shoal up on a home that has one, or set chain.rpcUrl in ${home.layout.config}; to play: shoal devnet`
    return [bad('chain', 'a light peer needs a chain, and none is configured', next)]
  } catch (e) {
    if (!isShoalError(e, 'CHAIN_UNREACHABLE')) return [findingOf('chain', e)]
    const next = `Start it (shoal chain), or correct chain.rpcUrl in ${home.layout.config}.`
    return [bad('chain', `${rpcUrl} does not answer`, next)]
  }
}
