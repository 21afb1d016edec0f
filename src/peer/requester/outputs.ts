/** Outputs that a job file names: what is kept of a result, and what must be in it. */
import { readBundle } from '../../protocol/bundle.ts'
import { RESULT_LIMITS } from '../../executor/compare/contents.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { JobPlan } from '../journal/entries.ts'

/** Names and shards that a message shows; of more it tells how many. */
const SHOWN = 8

/** A file is an output by its own name or that of a folder above it. */
export const isUnder = (path: string, output: string): boolean =>
  path === output || path.startsWith(output + '/')

/** Nothing named: everything is wanted. */
export const isWanted = (path: string, outputs: readonly string[]): boolean =>
  outputs.length === 0 || outputs.some(o => isUnder(path, o))

/** Outputs of which a result holds nothing. */
export const missingFrom = (outputs: readonly string[], paths: readonly string[]): string[] =>
  outputs.filter(o => !paths.some(p => isUnder(p, o)))

/** What each shard must have written: with a gather module the outputs are that one's, and shards write what it reads. */
export const outputsOfShards = ({ gather, outputs }: JobPlan): readonly string[] =>
  typeof gather === 'object' ? [] : outputs

/** The paths in a bundle. Errors of readBundle. */
export async function pathsIn(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of readBundle(source, RESULT_LIMITS)) paths.push(path)
  return paths
}

const some = (list: readonly string[]): string =>
  list.length <= SHOWN
    ? list.join(', ')
    : `${list.slice(0, SHOWN).join(', ')} and ${list.length - SHOWN} more`

/** OUTPUT_MISSING: who wrote nothing of what, and what was written instead. Nothing is lost by it. */
export function outputMissing(
  who: string,
  missing: readonly string[],
  written: readonly string[],
  jobId: string
): ShoalError {
  const instead = written.length === 0 ? 'it wrote nothing at all' : `it wrote ${some(written)}`
  return new ShoalError(
    'OUTPUT_MISSING',
    `${who} wrote no ${some(missing)}, which 'outputs' names; ${instead}`,
    {
      data: { missing: missing.length, written: written.length },
      next: `Correct 'outputs' in the job file. What was written is kept: shoal get ${jobId.slice(0, 10)} --raw --out DIR`
    }
  )
}
