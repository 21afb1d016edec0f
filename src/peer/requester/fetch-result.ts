/** delivered: brings the sealed result home, opens it, checks its hash, keeps it as a file. */
import { join } from 'node:path'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { ContentSource } from '../../protocol/ports/content.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import type { Result } from '../../protocol/records/delivery.ts'
import { outputBundleMax } from '../../protocol/task-limits.ts'
import { contexts } from '../contexts.ts'
import { hashed } from '../hashing.ts'
import type { HomeLayout } from '../home/layout.ts'
import type { ExecutionEntry } from '../journal/entries.ts'
import type { LiveExecution } from './live-execution.ts'
import { missingFrom, outputsOfShards, pathsIn } from './outputs.ts'

type Fetched = Pick<ExecutionEntry, 'fetched' | 'fingerprint' | 'missing'>

const TRIES = 5
const RETRY_MS = 500

/** Where this home keeps what shards brought, in one folder for each job. */
export const resultsFolder = (home: HomeLayout): string => join(home.root, 'results')
export const resultFolder = (home: HomeLayout, jobId: string): string => join(resultsFolder(home), jobId)
export const resultFile = (
  home: HomeLayout,
  e: Pick<ExecutionEntry, 'jobId' | 'shard' | 'attempt' | 'copy'>
): string => join(resultFolder(home, e.jobId), `${e.shard}-${e.attempt}-${e.copy}.bundle`)

async function fetchOnce(live: LiveExecution, signal: AbortSignal): Promise<Fetched> {
  const { ctx, entry, provider } = live
  const { result } = entry
  if (result === undefined) throw new Error('no result to fetch')
  const key = await ctx.recipient.unwrap(result.wrapped, contexts.result(entry.agreementId))
  return await fetchFrom(live, result, { key, from: provider }, signal)
}

/** Brings a result home from whoever has it; what is known of it once it is here. RESULT_MISMATCH, CONTENT_NOT_FOUND, CONTENT_CORRUPT. */
export async function fetchFrom(
  live: LiveExecution,
  result: Pick<Result, 'object' | 'digest'>,
  { key, from }: { readonly key: Uint8Array; readonly from: ContentSource },
  signal: AbortSignal
): Promise<Fetched> {
  const { ctx, entry } = live
  const context = contexts.result(entry.agreementId)
  const maxBytes = outputBundleMax(live.job().plan.common.needs.outputBytes)
  const stream = hashed(
    ctx.content.get({ cid: result.object, key }, context, {
      from,
      maxBytes,
      signal
    })
  )
  const file = resultFile(ctx.home, entry)
  await ctx.files.makeFolder(resultFolder(ctx.home, entry.jobId))
  await ctx.files.write(file, stream)
  const found =
    stream.digest() === result.digest
      ? await contentsOf(ctx.files.stream(file, { signal }))
      : 'the result is not what its provider signed'
  if (typeof found === 'string') {
    await ctx.files.remove(file)
    throw new ShoalError('RESULT_MISMATCH', found)
  }
  const missing = missingFrom(outputsOfShards(live.job().plan), found)
  return {
    fetched: true,
    fingerprint: await printOf(live, file, signal),
    missing: missing.length === 0 ? undefined : missing
  }
}

/** The paths in a result, or why the bytes are none that anybody could take. Errors of the disk pass through. */
async function contentsOf(source: AsyncIterable<Uint8Array>): Promise<string[] | string> {
  try {
    return await pathsIn(source)
  } catch (e) {
    if (!isShoalError(e, 'RECORD_INVALID', 'CONTENT_TOO_LARGE')) throw e
    return `the result cannot be read: ${e.message}`
  }
}

/** Digest of the rounded values, for jobs that are compared by it: equal ones need not be looked at again. */
async function printOf(
  { ctx, job }: LiveExecution,
  file: string,
  signal: AbortSignal
): Promise<Fetched['fingerprint']> {
  const { compare } = job().plan.common.needs
  if (compare?.by !== 'quantised') return undefined
  return await ctx.comparer.fingerprint(() => ctx.files.stream(file, { signal }), compare.step, signal)
}

/** The owner hears once why a result that was delivered is not here: it is fetched again until its time is over, and nobody is blamed. */
async function tellTrouble(live: LiveExecution, trouble: string, message: string): Promise<void> {
  if (!live.hinder(trouble)) return
  // a journal on the same disk cannot say it either
  await live.patch({}, 'its result cannot be kept here yet', message).catch(() => undefined)
}

/** Sets `fetched`, or loses the execution when the result cannot be had or is not what was signed. */
export async function fetchResult(live: LiveExecution, signal: AbortSignal): Promise<void> {
  let last = new ShoalError('CONTENT_NOT_FOUND', 'the result could not be fetched')
  for (let i = 0; i < TRIES && !signal.aborted; i++) {
    try {
      await live.patch(await fetchOnce(live, signal), 'result fetched')
      live.hinder(undefined)
      return
    } catch (e) {
      if (signal.aborted) return
      last = asShoalError(e, 'CONTENT_NOT_FOUND')
      const own = ownTrouble(e)
      if (own !== undefined) {
        await tellTrouble(live, own, last.message)
        throw last
      }
      live.hinder(undefined)
      if (last.code === 'RESULT_MISMATCH' || last.code === 'CONTENT_CORRUPT') break
      await live.pause(RETRY_MS, signal)
    }
  }
  if (signal.aborted) return
  live.ctx.network.report(live.entry.provider.peer, 'broken-promise')
  await live.move(
    'lose',
    'result refused',
    { failure: { code: last.code, message: last.message } },
    last.message
  )
}
