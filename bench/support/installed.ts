/** The program as a package installs it: built, without sources, so that Node strips no types (30 MB and half of the start time). */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Builds into a folder of its own; node_modules are the checkout's. Gives what loads a module of it. Takes some ten seconds. */
export function buildInto(folder: string): <T>(module: string) => Promise<T> {
  mkdirSync(folder, { recursive: true })
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [
    tsc,
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist')
  ])
  for (const part of ['package.json', 'bin', 'examples', join('contracts', 'artifacts')])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return async <T>(module: string) => (await import(join(folder, 'dist', module))) as T
}
