/** An engine pack: the packages behind an engine that light peers do not carry, each pinned by version and hash in our own source. */
import { join } from 'node:path'
import type { Files } from '../../protocol/ports/files.ts'

export interface Pinned {
  readonly name: string
  readonly version: string
  /** As in a lockfile: `sha512-` and base64. */
  readonly integrity: string
  readonly dependencies: Readonly<Record<string, string>>
}

export const pin = (
  name: string,
  version: string,
  integrity: string,
  dependencies: Readonly<Record<string, string>> = {}
): Pinned => ({ name, version, integrity, dependencies })

export interface EnginePack {
  /** Of the engine. */
  readonly id: string
  /** Of the main package; a pack of another version is not used. */
  readonly version: string
  readonly main: string
  readonly packages: readonly Pinned[]
  /** Variables that the packages' own installers would look at. */
  readonly env: Readonly<Record<string, string>>
  /** Folders and files below node_modules that the engine needs on this platform; all else is deleted. */
  keep(platform: string, arch: string): readonly string[]
  /** What is downloaded, in bytes, about. */
  readonly download: number
}

const MARK = 'pack.json'

export const packFolder = (engines: string, pack: Pick<EnginePack, 'id' | 'version'>): string =>
  join(engines, `${pack.id}-${pack.version}`)

/** The pack's package.json. */
export const packageJson = (pack: EnginePack): string =>
  JSON.stringify(
    { name: `shoal-engine-${pack.id}`, version: pack.version, private: true, dependencies: own(pack) },
    null,
    2
  )

const own = (pack: EnginePack): Record<string, string> => ({ [pack.main]: pack.version })

/** The lockfile that npm must follow: it holds hashes and no addresses, so npm asks the registry that the user has set. */
export function packageLock(pack: EnginePack): string {
  const name = `shoal-engine-${pack.id}`
  const packages = pack.packages.map(({ name: path, version, integrity, dependencies }) => [
    `node_modules/${path}`,
    { version, integrity, ...(Object.keys(dependencies).length === 0 ? {} : { dependencies }) }
  ])
  const root = { name, version: pack.version, dependencies: own(pack) }
  return JSON.stringify(
    {
      name,
      version: pack.version,
      lockfileVersion: 3,
      requires: true,
      packages: { '': root, ...Object.fromEntries(packages) }
    },
    null,
    2
  )
}

export const packMark = (folder: string): string => join(folder, MARK)

/** The folder of the installed pack; undefined when this version of it is not there. */
export async function findPack(
  files: Pick<Files, 'stat'>,
  engines: string,
  pack: Pick<EnginePack, 'id' | 'version'>
): Promise<string | undefined> {
  const folder = packFolder(engines, pack)
  return (await files.stat(packMark(folder)))?.kind === 'file' ? folder : undefined
}
