/** package.json, package-lock.json and .npmrc as the checks see them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly overrides?: Readonly<Record<string, string>>
  /** name@version -> whether its install scripts may run. */
  readonly allowScripts?: Readonly<Record<string, boolean>>
}

export interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  /** The real name when it is installed under another. */
  readonly name?: string
}

export interface Lockfile {
  readonly lockfileVersion: number
  /** Folder -> package; the root's folder is ''. */
  readonly packages: Readonly<Record<string, LockedPackage & Manifest>>
}

export interface Project {
  readonly manifest: Manifest
  readonly lock: Lockfile
  /** Lines `key=value` of .npmrc. */
  readonly npmrc: ReadonlyMap<string, string>
}

/** The name of the package in a folder such as node_modules/a/node_modules/@b/c. */
export const nameOf = (folder: string, p: LockedPackage): string =>
  p.name ?? folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Everything that is installed, root aside. */
export const installed = (lock: Lockfile): { readonly name: string; readonly locked: LockedPackage }[] =>
  Object.entries(lock.packages)
    .filter(([folder]) => folder !== '')
    .map(([folder, locked]) => ({ name: nameOf(folder, locked), locked }))

function readNpmrc(text: string): Map<string, string> {
  const lines = text.split('\n').filter(l => /^[a-z-]+=/.test(l))
  return new Map(lines.map(l => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1).trim()]))
}

export function readProject(root = ROOT): Project {
  const json = <T>(name: string): T => JSON.parse(readFileSync(join(root, name), 'utf8')) as T
  return {
    manifest: json<Manifest>('package.json'),
    lock: json<Lockfile>('package-lock.json'),
    npmrc: readNpmrc(readFileSync(join(root, '.npmrc'), 'utf8'))
  }
}
