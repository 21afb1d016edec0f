/** Flags of `run` as dotted keys of the job file; they win over it. */
import { resolve } from 'node:path'
import { flagValue } from '../../peer/jobfile/written.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { RunFlags } from '../routes/jobs.ts'

/** A flag's value is YAML; text for the task stays as it is written. */
function valueOf(item: string, at: number): unknown {
  try {
    return flagValue(item.slice(0, at), item.slice(at + 1))
  } catch (cause) {
    throw new ShoalError('USAGE', `--set ${item}: not YAML: ${(cause as Error).message}`, {
      next: 'Put quotes around text, in the shell and in YAML: --set \'key="value"\'',
      cause
    })
  }
}

/** `NAME=VALUE` cut in two. */
function pair(flag: string, item: string, shape: string, example: string): number {
  const at = item.indexOf('=')
  if (at < 1)
    throw new ShoalError('USAGE', `${flag} ${item}: write ${shape}`, { next: `Example: ${example}` })
  return at
}

/** @throws USAGE for a flag that cannot be read; what its value may be is the job file's schema to say. */
export function overridesOf(cwd: string, flags: RunFlags): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const inputs: Record<string, string> = {}
  for (const item of flags.input ?? []) {
    const at = pair('--input', item, 'NAME=FILE', '--input text.txt=book.txt')
    inputs[item.slice(0, at)] = resolve(cwd, item.slice(at + 1))
  }
  if (Object.keys(inputs).length > 0) out['inputs'] = inputs
  for (const item of flags.set ?? []) {
    const at = pair('--set', item, 'KEY=VALUE', '--set limits.wall=5m')
    out[item.slice(0, at)] = valueOf(item, at)
  }
  // the caps have flags of their own, which win over --set
  if (flags.count !== undefined) out['count'] = flags.count
  const price = flags.maxPrice ?? flags.price
  if (price !== undefined) out['price.max'] = price
  if (flags.maxTime !== undefined) out['deadline'] = flags.maxTime
  if (flags.retries !== undefined) out['retries'] = flags.retries
  return out
}
