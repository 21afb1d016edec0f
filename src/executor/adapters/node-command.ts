/** The command that starts one of our runners. */
import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunnerLaunch } from '../runner/process-port.ts'

/** The source tree runs as .ts, the published package as .js: a runner has the ending of this file. */
const ending = extname(fileURLToPath(import.meta.url))
/** The folder that holds our code: all that a closed runner may read. */
export const ownCode = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..')

/** Where Node and our code lie: on the host, or inside a sandbox. */
export interface Places {
  readonly node: string
  readonly code: string
}

export const here: Places = { node: process.execPath, code: ownCode }

/** `mounts`: what the runner shall look at and tell of in its first words. */
export function nodeCommand(
  { script, args = [], flags, permissions }: RunnerLaunch,
  { node, code }: Places,
  mounts: readonly string[] = []
): string[] {
  const below = permissions === 'addons' ? mounts.map(path => `${path}/*`) : []
  const readable = [`${code}/*`, ...mounts, ...below].map(path => `--allow-fs-read=${path}`)
  const addons = permissions === 'addons' ? ['--allow-addons'] : []
  const refused = permissions === 'open' ? [] : ['--permission', ...readable, '--allow-worker', ...addons]
  const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning']
  return [
    node,
    ...refused,
    ...quiet,
    ...flags,
    `${code}/executor/adapters/${script}${ending}`,
    ...args,
    ...mounts
  ]
}
