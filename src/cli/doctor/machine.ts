/** Requirements that no home is needed for. */
import { formatSize } from '../../protocol/units.ts'
import { MiB } from '../../protocol/limits.ts'
import { configVariables } from '../../peer/home/variables.ts'
import { nearest } from '../../peer/jobfile/issues.ts'
import { freeBytes } from '../../peer/policy/adapters/room.ts'
import { nodeVersion } from '../adapters/machine.ts'
import { bad, note, ok, type Finding } from './check.ts'

/** Below this a job's content or the journal may not fit, bytes. */
const DISK_MIN = 1024 * MiB

/** Variables that some part of the program reads, beside those of the keys of config.yaml. */
export const VARIABLES = [
  'SHOAL_HOME',
  'SHOAL_PROFILE',
  'SHOAL_PASSPHRASE',
  'SHOAL_PASSPHRASE_FILE',
  'SHOAL_MAX_PRICE',
  'SHOAL_MAX_TIME',
  'SHOAL_KDF_COST',
  'SHOAL_DEBUG',
  'SHOAL_WITH_PARENT'
] as const

export function checkNode(version = nodeVersion()): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const good = major > 22 || (major === 22 && minor >= 19)
  return good
    ? ok('node', version)
    : bad(
        'node',
        `${version}, but 22.19 or later is needed`,
        'npm run shoal -- doctor (uses the pinned Node)'
      )
}

export async function checkDisk(folder: string, ask = freeBytes): Promise<Finding> {
  const free = await ask(folder)
  const said = `${formatSize(free)} free at ${folder}`
  return free >= DISK_MIN
    ? ok('disk', said)
    : bad('disk', said, `Free some space: at least ${formatSize(DISK_MIN)}.`)
}

/** A misspelt variable does nothing at all: nobody would notice. */
export function checkVariables(env: Readonly<Record<string, string | undefined>>): Finding {
  const all = [...VARIABLES, ...configVariables().keys()]
  const known = new Set<string>(all)
  const names = Object.keys(env).filter(n => n.startsWith('SHOAL_'))
  const strange = names.find(n => !known.has(n))
  if (strange === undefined)
    return ok('environment', names.length === 0 ? 'nothing set' : names.sort().join(', '))
  const near = nearest(strange, all)
  return note(
    'environment',
    `${strange} is no variable of ours${near === undefined ? '' : `; did you mean ${near}?`}`,
    `unset ${strange}`
  )
}
