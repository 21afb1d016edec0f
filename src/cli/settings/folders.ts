/** Where a user's own things lie: XDG folders on Linux, the platform's elsewhere. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Cli } from '../context.ts'

export interface UserFolders {
  /** Homes: keys, journal, content. */
  readonly data: string
  /** settings.yaml */
  readonly config: string
}

/** A relative XDG variable is to be ignored, says its specification. */
const xdg = (value: string | undefined, otherwise: string): string =>
  value !== undefined && isAbsolute(value) ? value : otherwise

export async function userFolders(cli: Pick<Cli, 'env' | 'process'>): Promise<UserFolders> {
  if (cli.process.platform !== 'linux') {
    const { default: envPaths } = await import('env-paths')
    const { data, config } = envPaths('shoal', { suffix: '' })
    return { data, config }
  }
  const home = cli.env['HOME'] ?? homedir()
  return {
    data: join(xdg(cli.env['XDG_DATA_HOME'], join(home, '.local', 'share')), 'shoal'),
    config: join(xdg(cli.env['XDG_CONFIG_HOME'], join(home, '.config')), 'shoal')
  }
}
