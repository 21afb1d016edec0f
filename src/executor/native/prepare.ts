/** The same for every native engine: a runner of its own for each task. */
import type { PreparedRun, TaskRequest } from '../../protocol/ports/engine.ts'
import { prepareRun, startRunner, type RunnerParts } from '../runner/prepare.ts'

export type NativeParts = RunnerParts

/** `flags` are for Node. Errors as `prepareRun`. */
export function prepareTask(
  parts: NativeParts,
  flags: readonly string[],
  task: TaskRequest,
  signal: AbortSignal
): Promise<PreparedRun> {
  const launch = { script: '', flags, closed: false }
  return prepareRun(parts, () => startRunner(parts, launch, signal), task, signal)
}
