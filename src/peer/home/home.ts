/** Makes and opens a peer's home folder. */
import { identityFromSeed } from '../../p2p/identity.ts'
import { operatorAddress } from '../../settlement/keys/operator.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, PeerIdString } from '../../protocol/ids.ts'
import type { Files } from '../../protocol/ports/files.ts'
import type { Random } from '../../protocol/ports/random.ts'
import { loadConfig, type Config, type ConfigInput } from './config.ts'
import { openSecrets, parseKeyFile, sealSecrets, type KeyFile, type Secrets } from './keystore.ts'
import { checkHome, HOME_VERSION, layoutOf, type HomeLayout } from './layout.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (s: string): Uint8Array => new TextEncoder().encode(s)

export interface HomeNames {
  readonly peer: PeerIdString
  readonly operator: Address
}

export interface InitOptions {
  readonly root: string
  readonly passphrase: string
  /** Text of config.yaml; a commented default when absent. */
  readonly config?: string
  readonly network?: string
  readonly kdfCost?: number
}

const DEFAULT_CONFIG = `# Shoal: defaults < this file < SHOAL_ environment variables < flags.
profile: full
# chain:
#   rpcUrl: http://127.0.0.1:8545
# p2p:
#   bootstrap: []
`

/** HOME_EXISTS when there is one already: keys are never overwritten. */
export async function initHome(files: Files, random: Random, o: InitOptions): Promise<HomeNames> {
  const home = layoutOf(o.root)
  if ((await files.stat(home.keys)) !== undefined || (await files.stat(home.version)) !== undefined) {
    throw new ShoalError('HOME_EXISTS', `${o.root} already holds a Shoal home`, {
      next: 'Use it, or give another folder with --home.'
    })
  }
  const secrets: Secrets = {
    identity: random.bytes(32),
    operator: random.bytes(32),
    recipient: random.bytes(32)
  }
  const names: HomeNames = {
    peer: identityFromSeed(secrets.identity).peerId,
    operator: operatorAddress(secrets.operator)
  }
  const keyFile = await sealSecrets(secrets, names, o.passphrase, random, o.kdfCost)
  await files.makeFolder(o.root)
  await files.write(home.keys, bytes(JSON.stringify(keyFile, null, 2) + '\n'))
  await files.write(home.config, bytes(o.config ?? DEFAULT_CONFIG))
  if (o.network !== undefined) await files.write(home.network, bytes(o.network))
  // written last: a home without it is not one, so a crash in between leaves nothing half made
  await files.write(home.version, bytes(`${HOME_VERSION}\n`))
  return names
}

export interface OpenedHome {
  readonly layout: HomeLayout
  readonly config: Config
  /** The configuration as config.yaml says now, under the same environment and flags. CONFIG_INVALID, DISK_ERROR. */
  readonly reload: () => Promise<Config>
  readonly keys: KeyFile
}

/** Everything that needs no passphrase. HOME_NOT_INITIALISED, HOME_VERSION, CONFIG_INVALID. */
export async function openHome(
  files: Files,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
  flags: ConfigInput = {}
): Promise<OpenedHome> {
  const layout = layoutOf(root)
  await checkHome(files, layout)
  const reader = configReader(files, layout, env, flags)
  return {
    layout,
    config: await reader(),
    reload: reader,
    keys: parseKeyFile(text(await files.read(layout.keys)), layout.keys)
  }
}

/** Parses again only when the text is another one. */
function configReader(
  files: Files,
  layout: HomeLayout,
  env: Readonly<Record<string, string | undefined>>,
  flags: ConfigInput
): () => Promise<Config> {
  let last: { text: string | undefined; config: Config } | undefined
  return async () => {
    const there = (await files.stat(layout.config)) !== undefined
    const now = there ? text(await files.read(layout.config)) : undefined
    if (last === undefined || last.text !== now)
      last = {
        text: now,
        config: loadConfig(now === undefined ? undefined : { text: now, path: layout.config }, env, flags)
      }
    return last.config
  }
}

export const unlock = (home: OpenedHome, passphrase: string): Promise<Secrets> =>
  openSecrets(home.keys, passphrase)
