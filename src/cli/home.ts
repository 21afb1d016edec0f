/** Finding and unlocking a home folder. */
import { resolve } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import { openHome, unlock, type OpenedHome } from '../peer/home/home.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import type { Secrets } from '../peer/home/keystore.ts'
import type { Cli } from './context.ts'

export interface HomeFlags {
  readonly home?: string
  readonly passphraseFile?: string
}

/** --home, else SHOAL_HOME, else the user's data folder. */
export async function homeFolder(cli: Cli, flags: HomeFlags): Promise<string> {
  const given = flags.home ?? cli.env['SHOAL_HOME']
  if (given !== undefined && given !== '') return resolve(cli.cwd, given)
  const { default: envPaths } = await import('env-paths')
  return envPaths('shoal', { suffix: '' }).data
}

const firstLine = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split(/\r?\n/)[0] ?? ''

/** Flag, environment, configuration, prompt, in this order. PASSPHRASE_MISSING when there is none and nobody to ask. */
export async function passphrase(
  cli: Cli,
  flags: HomeFlags,
  configured: string | undefined,
  confirm: boolean
): Promise<string> {
  const file = flags.passphraseFile ?? cli.env['SHOAL_PASSPHRASE_FILE'] ?? configured
  if (flags.passphraseFile === undefined && cli.env['SHOAL_PASSPHRASE'] !== undefined)
    return cli.env['SHOAL_PASSPHRASE']
  if (file !== undefined) return firstLine(await cli.files.read(resolve(cli.cwd, file), { max: 4096 }))
  if (!cli.interactive) {
    throw new ShoalError(
      'PASSPHRASE_MISSING',
      'the keys need a passphrase and there is no terminal to ask at',
      {
        next: 'Give --passphrase-file FILE, or set SHOAL_PASSPHRASE_FILE or SHOAL_PASSPHRASE.'
      }
    )
  }
  const { askPassphrase } = await import('./ui/prompts.ts')
  return await askPassphrase(confirm)
}

export async function open(cli: Cli, flags: HomeFlags, config: ConfigInput = {}): Promise<OpenedHome> {
  return await openHome(cli.files, await homeFolder(cli, flags), cli.env, config)
}

export const secretsOf = async (cli: Cli, flags: HomeFlags, home: OpenedHome): Promise<Secrets> =>
  await unlock(home, await passphrase(cli, flags, home.config.passphraseFile, false))
