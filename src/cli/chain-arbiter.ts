/** The arbiter of a chain that this machine serves: a peer beside the chain, in a home of its own, that decides disputes and can be met first. */
import { join } from 'node:path'
import { stringify } from 'yaml'
import { toHex } from '../protocol/codec.ts'
import type { Address } from '../protocol/ids.ts'
import type { NetworkParameters } from '../protocol/ports/settlement.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import { initHome, openHome } from '../peer/home/home.ts'
import { layoutOf } from '../peer/home/layout.ts'
import { formatNetwork } from '../settlement/network.ts'
import type { Cli } from './context.ts'

/** Its passphrase lies beside its keys: deriving keys slowly would protect nothing. */
const KDF_COST = 2 ** 12

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s)
const passphraseOf = (home: string): string => join(home, 'passphrase')

/** What stands in its config.yaml, where an owner changes it: engines that it may run, addresses beyond loopback. */
const configOf = (listen?: readonly string[]): string =>
  stringify({
    profile: 'full',
    provider: { enabled: false },
    arbiter: { enabled: true },
    ...(listen === undefined ? {} : { p2p: { listen: [...listen] } })
  } satisfies ConfigInput)

/** The arbiter's operator; its home is made at the first start of a chain, since who rules stands in the contracts' agreements. */
export async function arbiterHome(cli: Cli, home: string): Promise<Address> {
  const { files, random } = cli
  if ((await files.stat(layoutOf(home).version)) !== undefined)
    return (await openHome(files, home, {})).keys.operator as Address
  const passphrase = toHex(random.bytes(16))
  await files.makeFolder(home)
  await files.write(passphraseOf(home), bytes(`${passphrase}\n`))
  const made = { root: home, passphrase, config: configOf(), kdfCost: KDF_COST }
  return (await initHome(files, random, made)).operator
}

export interface ChainArbiter {
  /** Where other peers meet it. */
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

/**
 * Starts it beside a chain that is served. It keeps the ports of its first start: its addresses stand in everybody's network.json.
 * @throws PORT_IN_USE, HOME_LOCKED, ENGINE_MISSING
 */
export async function startArbiter(
  cli: Cli,
  home: string,
  chain: { readonly rpcUrl: string; readonly network: NetworkParameters },
  signal: AbortSignal
): Promise<ChainArbiter> {
  const { files } = cli
  const { startOwn } = await import('./own-peer.ts')
  const layout = layoutOf(home)
  await files.write(layout.network, bytes(formatNetwork(chain.network)))
  const own: ConfigInput = { chain: { rpcUrl: chain.rpcUrl }, passphraseFile: passphraseOf(home) }
  // nothing in the environment is meant for it
  const opened = await openHome(files, home, {}, own)
  const session = await startOwn({ ...cli, env: {} }, { home }, opened, signal)
  const addresses = session.own.ctx.network.addresses()
  if (opened.config.p2p.listen.some(a => /\/tcp\/0(\/|$)/.test(a)))
    await files.write(layout.config, bytes(configOf(addresses.map(a => a.replace(/\/p2p\/.*$/, '')))))
  return { addresses, stop: () => session.close() }
}
