/** Finding and unlocking a home folder. */
import { join, resolve } from 'node:path'
import { ShoalError } from '../protocol/errors.ts'
import { openHome, unlock, type OpenedHome } from '../peer/home/home.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import type { Secrets } from '../peer/home/keystore.ts'
import type { Cli } from './context.ts'
import { userFolders } from './settings/folders.ts'
import { loadSettings, type Settings } from './settings/load.ts'
import { PROFILE_NAME } from './settings/schema.ts'

export interface HomeFlags {
  readonly home?: string
  readonly profile?: string
  readonly passphraseFile?: string
}

const fromHere = (cli: Cli, path: string): string =>
  resolve(cli.cwd, path.replace(/^~(?=\/|$)/, cli.env['HOME'] ?? '~'))

/** The folder of a named profile: as the user's settings say, else below the data folder. */
async function profileHome(cli: Cli, settings: Settings): Promise<string | undefined> {
  const { profile, profiles } = settings
  if (profile === undefined) return undefined
  const { value, from } = profile
  const own = Object.hasOwn(profiles, value) ? profiles[value] : undefined
  if (own?.home !== undefined) return fromHere(cli, own.home)
  if (!PROFILE_NAME.test(value))
    throw new ShoalError(
      'USAGE',
      `${from} ${value}: a profile is named with a-z, 0-9, dot, dash and underscore`,
      {
        next: `Example: --profile test. There are: ${Object.keys(profiles).join(', ') || 'none yet'}`
      }
    )
  return join((await userFolders(cli)).data, 'profiles', value)
}

/** --home or --profile, else SHOAL_HOME or SHOAL_PROFILE, else the profile of the settings, else the user's data folder. */
export async function homeFolder(cli: Cli, flags: HomeFlags): Promise<string> {
  if (flags.home !== undefined && flags.profile !== undefined)
    throw new ShoalError('USAGE', '--home and --profile both name a home', { next: 'Give one of them.' })
  const given = flags.profile === undefined ? (flags.home ?? cli.env['SHOAL_HOME']) : undefined
  if (given !== undefined && given !== '') return fromHere(cli, given)
  const settings = await loadSettings(cli, flags)
  return (await profileHome(cli, settings)) ?? (await userFolders(cli)).data
}

/** The passphrase file that the user's settings name for the profile in use. */
async function profilePassphrase(cli: Cli, flags: HomeFlags): Promise<string | undefined> {
  if (flags.home !== undefined || (flags.profile === undefined && cli.env['SHOAL_HOME'] !== undefined))
    return undefined
  const { profile, profiles } = await loadSettings(cli, flags)
  const file = profile === undefined ? undefined : profiles[profile.value]?.passphraseFile
  return file === undefined ? undefined : fromHere(cli, file)
}

const firstLine = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split(/\r?\n/)[0] ?? ''

/** Flag, environment, configuration, prompt, in this order. PASSPHRASE_MISSING when there is none and nobody to ask. */
export async function passphrase(
  cli: Cli,
  flags: HomeFlags,
  configured: string | undefined,
  confirm: boolean
): Promise<string> {
  const file =
    flags.passphraseFile ??
    cli.env['SHOAL_PASSPHRASE_FILE'] ??
    (await profilePassphrase(cli, flags)) ??
    configured
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
