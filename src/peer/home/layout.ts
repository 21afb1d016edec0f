/** Where things lie under a peer's home folder. */
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'

/** Layout version: a home of another version is refused, never guessed at. */
export const HOME_VERSION = 1

export interface HomeLayout {
  readonly root: string
  readonly version: string
  readonly keys: string
  readonly config: string
  /** Contract addresses and chain id of the network this peer belongs to. */
  readonly network: string
  readonly journal: string
  readonly blocks: string
  readonly p2p: string
  /** Engines that were added on demand. */
  readonly engines: string
  readonly chain: string
  /** Address and token of the running peer's API; absent while none runs. */
  readonly api: string
  readonly log: string
}

export const layoutOf = (root: string): HomeLayout => ({
  root,
  version: join(root, 'version'),
  keys: join(root, 'keys.json'),
  config: join(root, 'config.yaml'),
  network: join(root, 'network.json'),
  journal: join(root, 'journal'),
  blocks: join(root, 'blocks'),
  p2p: join(root, 'p2p'),
  engines: join(root, 'engines'),
  chain: join(root, 'chain'),
  api: join(root, 'api.json'),
  log: join(root, 'logs', 'peer.log')
})

/** HOME_NOT_INITIALISED or HOME_VERSION when this folder cannot be used as it is. */
export async function checkHome(files: Files, home: HomeLayout): Promise<void> {
  if ((await files.stat(home.version)) === undefined) {
    throw new ShoalError('HOME_NOT_INITIALISED', `no Shoal home at ${home.root}`, {
      next: `Run: shoal init --home ${home.root}`
    })
  }
  const version = new TextDecoder().decode(await files.read(home.version)).trim()
  if (version !== String(HOME_VERSION)) {
    throw new ShoalError(
      'HOME_VERSION',
      `${home.root} has layout version ${version.slice(0, 20)}, this program reads ${HOME_VERSION}`,
      {
        next: 'Use the Shoal version that wrote it, or another home with --home.'
      }
    )
  }
}
