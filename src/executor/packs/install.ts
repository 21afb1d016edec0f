/** Installs, lists and removes engine packs. A pack is there whole or not at all: everything happens beside it, then one rename. */
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'
import type { EnginePack } from './pack.ts'
import { findPack, packageJson, packageLock, packFolder, packMark } from './pack.ts'

/** Runs npm. */
export interface NpmPort {
  /** `npm ARGS` in a folder. ENGINE_INSTALL says what went wrong. */
  run(
    args: readonly string[],
    options: {
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      readonly signal: AbortSignal
    }
  ): Promise<void>
}

export interface InstallPorts {
  readonly files: Files
  readonly npm: NpmPort
  readonly platform: string
  readonly arch: string
}

/** Nothing runs that came with a package; each package must have the hash that stands in our source. */
const NPM_ARGS = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-bin-links', '--prefer-offline']

const text = (s: string): Uint8Array => new TextEncoder().encode(s)

/** Deletes below `folder` what is in no wanted path. */
async function prune(files: Files, folder: string, wanted: readonly string[]): Promise<void> {
  for (const { name } of await files.list(folder)) {
    const below = wanted.filter(w => w.startsWith(`${name}/`)).map(w => w.slice(name.length + 1))
    if (wanted.includes(name)) continue
    if (below.length === 0) await files.remove(join(folder, name))
    else await prune(files, join(folder, name), below)
  }
}

/** Bytes of all files below a folder. */
export async function sizeOf(files: Files, folder: string): Promise<number> {
  let total = 0
  for (const { name, kind } of await files.list(folder)) {
    const path = join(folder, name)
    total += kind === 'folder' ? await sizeOf(files, path) : ((await files.stat(path))?.size ?? 0)
  }
  return total
}

/**
 * Puts the pack below `engines` and gives its folder; at once when it is there. Older versions of it are removed. `check` is asked
 * whether the engine starts, before anything is put in place.
 * @throws ENGINE_INSTALL, DISK_FULL, CANCELLED
 */
export async function installPack(
  pack: EnginePack,
  engines: string,
  { files, npm, platform, arch }: InstallPorts,
  check: (folder: string) => Promise<void>,
  signal: AbortSignal
): Promise<string> {
  const found = await findPack(files, engines, pack)
  if (found !== undefined) return found
  await files.makeFolder(engines)
  const fresh = await files.temporaryFolder(join(engines, `.${pack.id}-`))
  try {
    await files.write(join(fresh, 'package.json'), text(packageJson(pack)))
    await files.write(join(fresh, 'package-lock.json'), text(packageLock(pack)))
    await npm.run(NPM_ARGS, { cwd: fresh, env: pack.env, signal })
    const wanted = pack.keep(platform, arch)
    for (const path of wanted)
      if ((await files.stat(join(fresh, 'node_modules', path))) === undefined)
        throw new ShoalError('ENGINE_INSTALL', `${pack.main} has nothing for ${platform} on ${arch}`, {
          next: 'This engine does not run on this machine.'
        })
    await prune(files, join(fresh, 'node_modules'), wanted)
    await check(fresh)
    await files.write(
      packMark(fresh),
      text(JSON.stringify({ id: pack.id, version: pack.version, platform, arch }))
    )
    const target = packFolder(engines, pack)
    await removePack(files, engines, pack.id)
    await files.rename(fresh, target)
    return target
  } catch (e) {
    await files.remove(fresh)
    throw e
  }
}

/** Removes every version, and what an interrupted installation left. False when nothing was there. */
export async function removePack(files: Files, engines: string, id: string, also = false): Promise<boolean> {
  if ((await files.stat(engines))?.kind !== 'folder') return false
  const ours = (await files.list(engines)).filter(
    e => e.name.startsWith(`${id}-`) || (also && e.name.startsWith(`.${id}-`))
  )
  for (const { name } of ours) await files.remove(join(engines, name))
  return ours.length > 0
}
