import { flushCompileCache } from 'node:module'
import { join, resolve } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address } from '../../protocol/ids.ts'
import { parseAmount } from '../../protocol/money.ts'
import { oldGeneration } from '../../protocol/old-generation.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import { startEmbeddedChain, type EmbeddedChain } from '../../settlement/chain/embedded.ts'
import { formatNetwork } from '../../settlement/network.ts'
import { arbiterHome, startArbiter, type ChainArbiter } from '../chain-arbiter.ts'
import { lasting } from '../command.ts'
import type { Cli } from '../context.ts'
import type { ChainFlags } from '../routes/network.ts'

const GAS = 10n ** 20n
const TOKENS = '1000'

interface Grant {
  readonly address: Address
  readonly tokens: bigint
}

function grantOf(text: string): Grant {
  const [address = '', tokens = TOKENS] = text.split('=')
  if (!/^0x[0-9a-fA-F]{40}$/.test(address))
    throw new ShoalError('USAGE', `--fund ${text}: no address`, {
      next: 'Write 0x and 40 hex digits, with =TOKENS if you like.'
    })
  return { address: address as Address, tokens: parseAmount(tokens) }
}

/** Funding is done once per folder and address: a restart gives nothing twice. */
async function fund(
  cli: Cli,
  served: EmbeddedChain,
  folder: string,
  grants: readonly Grant[],
  signal: AbortSignal
): Promise<void> {
  for (const g of grants) {
    const mark = join(folder, `funded-${g.address.toLowerCase()}`)
    if ((await cli.files.stat(mark)) !== undefined) continue
    await served.fund(g.address, GAS, g.tokens, signal)
    await cli.files.write(mark, new Uint8Array())
  }
}

export const chain = lasting<ChainFlags>(async (cli, flags, signal) => {
  const folder = resolve(cli.cwd, flags.folder ?? 'shoal-chain')
  const grants = (flags.fund ?? []).map(grantOf)
  const log = createLogger({ level: 'warn', file: join(folder, 'chain.log') })
  const { clock, random, files } = cli
  const home = join(folder, 'arbiter')
  const arbiter = await arbiterHome(cli, home)
  const served = await startEmbeddedChain({
    folder: join(folder, 'data'),
    clock,
    random,
    log,
    port: flags.port,
    arbiter,
    signal
  })
  let ruling: ChainArbiter | undefined
  try {
    // a folder of before arbiters ran has another one
    const rules = flags.arbiter && served.network.arbiter.toLowerCase() === arbiter.toLowerCase()
    await fund(cli, served, folder, rules ? [...grants, { address: arbiter, tokens: 0n }] : grants, signal)
    if (rules) ruling = await startArbiter(cli, home, served, signal)
    const network = join(folder, 'network.json')
    const parameters = { ...served.network, bootstrap: ruling?.addresses }
    await files.write(network, new TextEncoder().encode(formatNetwork(parameters)), { mode: 0o644 })
    flushCompileCache() // the next peer on this machine starts faster
    if (cli.json)
      cli.print(
        JSON.stringify({
          ready: true,
          rpcUrl: served.rpcUrl,
          network,
          deployer: served.deployer.address,
          generation: served.generation,
          arbiter: ruling === undefined ? null : { home, addresses: ruling.addresses },
          pid: served.pid
        })
      )
    else {
      cli.print(`RPC      ${served.rpcUrl}\nNetwork  ${network}`)
      if (ruling !== undefined) cli.print(`Arbiter  ${home}`)
      if (served.generation === 1)
        cli.remark(`\nNote: ${oldGeneration().message}. ${oldGeneration().next ?? ''}`)
      cli.remark(
        '\nServing. Join with: shoal init --rpc-url URL --network FILE. Ctrl-C stops it; nothing is lost.'
      )
      if (ruling !== undefined) cli.remark(`What its arbiter has to decide: shoal disputes --home ${home}`)
    }
    await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
  } finally {
    await ruling?.stop()
    await served.stop()
  }
})
