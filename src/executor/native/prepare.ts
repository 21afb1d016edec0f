/** The same for every native engine: a runner of its own for each task. */
import type { PreparedRun, TaskRequest } from '../../protocol/ports/engine.ts'
import { prepareRun, startRunner, type RunnerParts } from '../runner/prepare.ts'
import type { RunnerLaunch } from '../runner/process-port.ts'

export type NativeParts = RunnerParts

/** Errors as `prepareRun`. */
export const prepareTask = (
  parts: NativeParts,
  launch: RunnerLaunch,
  task: TaskRequest,
  signal: AbortSignal
): Promise<PreparedRun> => prepareRun(parts, () => startRunner(parts, launch, signal), task, signal)
