/** One run of an engine for the sake of a single file of its output. */
import { bundleToMap } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Engine, TaskRequest } from '../../protocol/ports/engine.ts'

const hooks = { onProgress: () => undefined, onLog: () => undefined, onCheckpoint: () => Promise.resolve() }

/** ENGINE_BROKEN when it ends otherwise than well, what `prepare` throws, CANCELLED. */
export async function runForFile(
  engine: Engine,
  task: TaskRequest,
  name: string,
  signal: AbortSignal
): Promise<Uint8Array> {
  const prepared = await engine.prepare(task, signal)
  try {
    const outcome = await prepared.run(hooks, signal)
    if (outcome.status !== 'done')
      throw new ShoalError('ENGINE_BROKEN', `The product ended as ${outcome.status}: ${outcome.reason}`)
    const limits = { maxFiles: 4, maxBytes: task.limits.outputBytes }
    const out = (await bundleToMap(prepared.collect(), limits)).get(name)
    if (out === undefined) throw new ShoalError('ENGINE_BROKEN', 'The product has no result.')
    return out
  } finally {
    await prepared.dispose()
  }
}
