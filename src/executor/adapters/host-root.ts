import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import type { HostRoot } from '../sandbox/bwrap.ts'

/** Where libraries lie on the systems we know; programs are left out: what is not there cannot be misused. */
const LIBRARIES = ['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec', '/nix/store', '/gnu/store']
const AT_ROOT = ['lib', 'lib32', 'lib64']

/** Those of these paths that are there. */
export const existing = (paths: readonly string[]): readonly string[] =>
  paths.filter(path => existsSync(path))

/** Looks at this machine's root folder. */
export function readHostRoot(): HostRoot {
  const folders = LIBRARIES.filter(path => existsSync(path))
  const links: [string, string][] = []
  for (const name of AT_ROOT) {
    const path = `/${name}`
    if (!existsSync(path)) continue
    if (lstatSync(path).isSymbolicLink()) links.push([name, readlinkSync(path)])
    else folders.push(path)
  }
  return { folders, links }
}
