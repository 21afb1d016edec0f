/** The home folder: is there one, is its configuration good, do the keys open, is there a network to join. */
import { asShoalError, isShoalError } from '../../protocol/errors.ts'
import { openHome, unlock, type OpenedHome } from '../../peer/home/home.ts'
import type { Cli } from '../context.ts'
import { passphrase, type HomeFlags } from '../home.ts'
import { bad, note, ok, type Finding } from './check.ts'

/** An error of ours as a finding: its own advice is the way to mend it. */
export function findingOf(name: string, e: unknown): Finding {
  const error = asShoalError(e, 'INVALID_TRANSITION')
  const funds = ['HOME_NOT_INITIALISED', 'PASSPHRASE_MISSING', 'PASSPHRASE_WRONG'].includes(error.code)
  return bad(name, error.message, error.next ?? 'See: shoal --help', funds)
}

export interface HomeFindings {
  readonly findings: readonly Finding[]
  readonly home?: OpenedHome
}

export async function checkHomeFolder(cli: Cli, root: string): Promise<HomeFindings> {
  try {
    const home = await openHome(cli.files, root, cli.env)
    return {
      home,
      findings: [ok('home', root), ok('config', `${home.layout.config}, profile ${home.config.profile}`)]
    }
  } catch (e) {
    if (isShoalError(e, 'CONFIG_INVALID')) return { findings: [ok('home', root), findingOf('config', e)] }
    return { findings: [findingOf('home', e)] }
  }
}

/** Never asks: without a passphrase at hand it says how an unattended peer gets one. */
export async function checkKeys(cli: Cli, flags: HomeFlags, home: OpenedHome): Promise<Finding> {
  try {
    const secret = await passphrase({ ...cli, interactive: false }, flags, home.config.passphraseFile, false)
    await unlock(home, secret)
    return ok('keys', `open; operator ${home.keys.operator}`)
  } catch (e) {
    if (isShoalError(e, 'PASSPHRASE_MISSING') && cli.interactive)
      return note('keys', `operator ${home.keys.operator}; you will be asked for the passphrase`)
    return findingOf('keys', e)
  }
}
