/** Runs a disputed task again, as its provider had to, and holds what comes of it against what the provider committed. */
import { versionFits } from '../../market/eligibility.ts'
import { worth, type Rate } from '../../market/work.ts'
import { oneChunk } from '../../protocol/bundle.ts'
import { digestOf } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import {
  wasKilled,
  type Engine,
  type RunHooks,
  type RunOutcome,
  type TaskRequest
} from '../../protocol/ports/engine.ts'
import type { Checkpoint, Failure } from '../../protocol/records/delivery.ts'
import type { Needs } from '../../protocol/records/needs.ts'
import type { ShardSpec } from '../../protocol/records/spec.ts'
import { seedOf } from '../contexts.ts'
import type { PeerContext } from '../context.ts'
import type { Again } from './verdict.ts'

/** An arbiter's machine may be slower than the provider's: so many times its wall time. */
const SLOWER = 3
const WHOLE = 10_000

/** What the provider stands by. */
export type Committed =
  /** Reads the result's bundle. */
  | { readonly kind: 'result'; readonly open: () => AsyncIterable<Uint8Array> }
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** Nothing was delivered; this was paid for. */
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }

export interface Disputed {
  readonly spec: ShardSpec
  readonly module: Uint8Array
  readonly input: Uint8Array
  readonly resume: Uint8Array | undefined
  /** The price, and the work that it bought. */
  readonly bought: Rate
  readonly committed: Committed
  /** What the provider asks for it on the chain. */
  readonly claim: bigint
}

type Ports = Pick<PeerContext, 'engines' | 'comparer' | 'config'>

const impossible = (why: string): Again => ({ kind: 'impossible', why })
const KILLED = 'the task was killed here, by itself or for want of memory'

/** Why this machine cannot judge a task with these needs; undefined when it can. */
export function cannotJudge({ engines, config }: Ports, needs: Needs): string | undefined {
  const engine = engines.get(needs.engine)
  if (engine === undefined) return `this arbiter has no engine '${needs.engine}'`
  if (!engine.deterministic) return `tasks of the engine '${needs.engine}' do not come to the same end twice`
  if (!versionFits(needs.engineVersion, engine.version))
    return `the task wants version ${needs.engineVersion} of ${needs.engine}, this arbiter has ${engine.version}`
  if (needs.gpuMemoryBytes !== undefined) return 'this arbiter has no GPU to give'
  if (needs.memoryBytes > config.provider.memory) return 'the task needs more memory than this arbiter gives'
  return undefined
}

/** What a checkpoint may count more than running its task again does, percent: starting again in the middle costs a little. */
const GAS_SLACK_PERCENT = 125n

/**
 * Looks for a checkpoint among all that the task makes, by what it holds: a provider that started again counts other work for the same
 * state. What a task keeps in a checkpoint depends on its input alone, or it could not be handed over either.
 */
function watcher(wanted: Checkpoint | undefined): { hooks: RunHooks; found: () => bigint | undefined } {
  let found: bigint | undefined
  const hooks: RunHooks = {
    onProgress: () => undefined,
    onLog: () => undefined,
    onCheckpoint: async () => undefined,
    sawCheckpoint: (bundle, gas) => {
      if (found === undefined && wanted !== undefined && digestOf(bundle) === wanted.digest) found = gas
    }
  }
  return { hooks, found: () => found }
}

function requestOf({ spec, module, input, resume, bought }: Disputed): TaskRequest {
  const { common, shard } = spec
  const { needs } = common
  return {
    module,
    args: common.args,
    env: common.env,
    shard,
    shards: common.shards,
    seed: seedOf(common.jobId, shard),
    limits: {
      gas: bought.gas,
      memoryBytes: needs.memoryBytes,
      wallMs: needs.wallMs * SLOWER,
      outputBytes: needs.outputBytes,
      logBytes: needs.logBytes,
      moduleBytes: needs.moduleBytes,
      inputBytes: needs.inputBytes
    },
    input: oneChunk(input),
    checkpoint: resume === undefined ? undefined : oneChunk(resume)
  }
}

/** How a task that is not done ended, in the words of a provider's statement. */
const codeOf = (o: Exclude<RunOutcome, { status: 'done' }>): string =>
  o.status === 'failed' ? 'TASK_FAILED' : `LIMIT_${o.limit.toUpperCase()}`

/** What failed in the same way is paid for the work that it really takes. Who claims more than it has stated itself has lied. */
function judgeSameFailure(took: bigint, stated: Failure, { bought, claim }: Disputed): Again {
  const own = worth(stated.gas, bought)
  if (claim > own) return { kind: 'differs', why: `${claim} is claimed, and what was stated is worth ${own}` }
  // who started again in the middle has counted more work for the same end: that is not the requester's to pay
  const due = worth(took, bought)
  return { kind: 'same', shareBps: claim <= due ? WHOLE : Number((due * BigInt(WHOLE)) / claim) }
}

function judgeFailure(o: RunOutcome, stated: Failure, d: Disputed): Again {
  if (o.status === 'done') return { kind: 'differs', why: `it is done, and not ${stated.code}` }
  if (o.status === 'limit' && o.limit === 'wall')
    return impossible('the task takes too long for this arbiter')
  const code = codeOf(o)
  if (wasKilled(o) && code !== stated.code) return impossible(KILLED)
  if (code !== stated.code) return { kind: 'differs', why: `it ends with ${code}, and not ${stated.code}` }
  return judgeSameFailure(o.gas, stated, d)
}

async function collected(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const p of source) parts.push(p)
  return Buffer.concat(parts)
}

/** Runs it. Never rejects for what the task does; CANCELLED when the signal aborts. */
export async function runAgain(ctx: Ports, d: Disputed, signal: AbortSignal): Promise<Again> {
  const { needs } = d.spec.common
  const cannot = cannotJudge(ctx, needs)
  const engine = ctx.engines.get(needs.engine)
  if (cannot !== undefined || engine === undefined) return impossible(cannot ?? 'no engine')
  try {
    return await onEngine(ctx, engine, d, signal)
  } catch (e) {
    if (signal.aborted) throw e
    const error = asShoalError(e, 'ENGINE_BROKEN')
    // refused before it did any work
    if (d.committed.kind === 'failure' && error.code === d.committed.failure.code)
      return judgeSameFailure(0n, d.committed.failure, d)
    if (error.fault === 'task') return { kind: 'differs', why: `the task is refused: ${error.message}` }
    return impossible(`the task could not be run here: ${error.message}`)
  }
}

async function onEngine(ctx: Ports, engine: Engine, d: Disputed, signal: AbortSignal): Promise<Again> {
  const { committed } = d
  const { hooks, found } = watcher(committed.kind === 'checkpoint' ? committed.checkpoint : undefined)
  const run = await engine.prepare(requestOf(d), signal)
  try {
    const outcome = await run.run(hooks, signal)
    if (committed.kind === 'failure') return judgeFailure(outcome, committed.failure, d)
    if (committed.kind === 'checkpoint') return judgeCheckpoint(outcome, committed.checkpoint, found())
    if (outcome.status !== 'done') {
      if (wasKilled(outcome)) return impossible(KILLED)
      if (outcome.status === 'limit' && outcome.limit === 'wall')
        return impossible('the task takes too long for this arbiter')
      return { kind: 'differs', why: `the task fails with ${codeOf(outcome)}` }
    }
    const own = await collected(run.collect())
    const { same, reason } = await ctx.comparer.compare(
      committed.open,
      () => oneChunk(own),
      d.spec.common.needs.compare,
      signal
    )
    return same ? { kind: 'same' } : { kind: 'differs', why: reason ?? 'the results differ' }
  } finally {
    await run.dispose()
  }
}

/** `took`: the work that the same state really takes; undefined when the task never comes to it. */
function judgeCheckpoint(o: RunOutcome, stated: Checkpoint, took: bigint | undefined): Again {
  if (took !== undefined) {
    if (stated.gas * 100n <= took * GAS_SLACK_PERCENT) return { kind: 'same' }
    return { kind: 'differs', why: `the checkpoint takes ${took} of work, and not ${stated.gas}` }
  }
  if (wasKilled(o)) return impossible(KILLED)
  if (o.status === 'limit' && o.limit === 'wall')
    return impossible('the task takes too long for this arbiter')
  return { kind: 'differs', why: 'the task makes no such checkpoint' }
}
