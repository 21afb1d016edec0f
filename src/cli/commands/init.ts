import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { ShoalError } from '../../protocol/errors.ts'
import { initHome } from '../../peer/home/home.ts'
import { loadConfig } from '../../peer/home/config.ts'
import { loadNetwork } from '../../settlement/network.ts'
import { command } from '../command.ts'
import { homeFolder, passphrase } from '../home.ts'
import type { InitFlags } from '../routes/peer.ts'

/** Cheaper key derivation for tests and devnets: SHOAL_KDF_COST, a power of two. */
function kdfCost(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const n = Number(text)
  if (!Number.isInteger(Math.log2(n)) || n < 2 || n > 2 ** 20)
    throw new ShoalError('USAGE', 'SHOAL_KDF_COST is a power of two up to 2^20', {
      next: 'Unset it: it is for tests.'
    })
  return n
}

export const init = command<InitFlags>(async (cli, flags) => {
  const root = await homeFolder(cli, flags)
  const config = {
    profile: flags.light ? ('light' as const) : ('full' as const),
    ...(flags.rpcUrl === undefined ? {} : { chain: { rpcUrl: flags.rpcUrl } }),
    ...(flags.bootstrap === undefined ? {} : { p2p: { bootstrap: [...flags.bootstrap] } })
  }
  loadConfig(undefined, {}, config)
  const network =
    flags.network === undefined
      ? undefined
      : new TextDecoder().decode(await cli.files.read(resolve(cli.cwd, flags.network), { max: 65_536 }))
  if (network !== undefined) loadNetwork(network)
  const secret = await passphrase(cli, flags, undefined, true)
  const names = await initHome(cli.files, cli.random, {
    root,
    passphrase: secret,
    config: stringify(config),
    network,
    kdfCost: kdfCost(cli.env['SHOAL_KDF_COST'])
  })
  if (cli.json) return cli.print(JSON.stringify({ home: root, ...names }))
  cli.print(`Home      ${root}\nPeer      ${names.peer}\nOperator  ${names.operator}`)
  cli.remark(
    `\nThe keys are encrypted with your passphrase. Without it, or without ${root}/keys.json, funds cannot be moved: keep a backup.\nNext: shoal up`
  )
})
