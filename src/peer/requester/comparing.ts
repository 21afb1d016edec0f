/** Holds results against one another on this machine, one pair at a time, and writes down what came of it: a restart goes on from there. */
import { asShoalError } from '../../protocol/errors.ts'
import { REASON_MAX, type Likeness } from '../../protocol/ports/compare.ts'
import type { PeerContext } from '../context.ts'
import { resultFile } from './fetch-result.ts'
import type { LiveExecution } from './live-execution.ts'
import { comparisonOf } from './seats.ts'

/** Verdicts that an execution keeps: more results than a shard ever has. */
const KEPT_MAX = 128

async function likeness(a: LiveExecution, b: LiveExecution, signal: AbortSignal): Promise<Likeness> {
  const { files, home, comparer } = a.ctx
  const open = (live: LiveExecution) => () => files.stream(resultFile(home, live.entry), { signal })
  return await comparer.compare(open(a), open(b), a.job().plan.common.needs.compare, signal)
}

/** False when its file is gone, which somebody else did: a result that still waits is fetched again. */
async function isHere(live: LiveExecution): Promise<boolean> {
  const { files, home } = live.ctx
  if ((await files.stat(resultFile(home, live.entry))) !== undefined) return true
  if (live.entry.state !== 'delivered') return true // reading it says what is wrong
  await live.patch({ fetched: false }, 'result is gone from the disk; fetching it again')
  return false
}

/** Compares two fetched results and journals the verdict with the first. Errors of the disk pass through. */
export async function compareResults(a: LiveExecution, b: LiveExecution, signal: AbortSignal): Promise<void> {
  const other = b.entry.result?.digest
  if (other === undefined || a.entry.result === undefined) throw new Error('nothing to compare')
  if (!(await isHere(a)) || !(await isHere(b))) return
  const { same, reason } = await likeness(a, b, signal)
  const verdict = { with: other, same, reason: reason?.slice(0, REASON_MAX) }
  const compared = [...(a.entry.compared ?? []), verdict].slice(-KEPT_MAX)
  await a.patch({ compared }, same ? 'result is the same as another' : 'result differs from another', reason)
}

/** Why a result is refused, in words: from the verdict, else (results compared by their digests) found out now. Never throws. */
export async function reasonAgainst(
  refused: LiveExecution,
  standing: LiveExecution | undefined,
  log: PeerContext['log'],
  signal: AbortSignal
): Promise<string> {
  const general = 'differs from the result that stands for this shard'
  if (standing === undefined) return general
  try {
    const known = comparisonOf([refused.entry, standing.entry], refused.entry, standing.entry)
    const { reason } = known ?? (await likeness(refused, standing, signal))
    return reason === undefined ? general : `${general}: ${reason}`
  } catch (e) {
    log.debug({ err: asShoalError(e, 'DISK_ERROR') }, 'why a result is refused could not be found out')
    return general
  }
}
