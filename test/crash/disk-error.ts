/** The errors that the ports' own adapters make of what the system says. */
import { ShoalError } from '../../src/protocol/errors.ts'
import type { Mode } from './points.ts'

export const writeFailures = ['ENOSPC', 'EIO', 'EMFILE'] as const satisfies readonly Mode[]
export const readFailures = ['EIO', 'EMFILE'] as const satisfies readonly Mode[]

export function diskError(mode: Mode, what: string): Error | undefined {
  if (mode === 'ENOSPC') return new ShoalError('DISK_FULL', `the disk is full: ${what}`)
  if (mode === 'EIO' || mode === 'EMFILE')
    return new ShoalError('DISK_ERROR', `${mode}: ${what}`, { data: { code: mode } })
  return undefined
}
