/** What a job file says to its engine, checked as the engine itself will: a mistake shows before anything is bought. */
import { parseSettings } from '../../executor/blender/settings.ts'
import { parseOnnxArgs } from '../../executor/onnx/args.ts'
import { isShoalError } from '../../protocol/errors.ts'
import { compareProblem } from './compare.ts'
import type { Problem } from './parse.ts'
import type { JobFile } from './schema.ts'

const ARGS: Problem['paths'] = [['task', 'args'], ['task']]

function blenderProblem({ task }: JobFile): Problem | undefined {
  parseSettings(task.args)
  if (task.version !== undefined) return undefined
  return {
    message:
      "task.version: is missing; pictures differ between versions of Blender, so write one such as '3.4.1'",
    paths: [['task', 'version'], ['task']]
  }
}

function settingsProblem(job: JobFile): Problem | undefined {
  if (job.task.engine === 'blender') return blenderProblem(job)
  if (job.task.engine === 'onnx') parseOnnxArgs(job.task.args)
  return undefined
}

/** The first thing that the job's engine would refuse, or that its results cannot be compared by. */
export function engineProblem(job: JobFile): Problem | undefined {
  try {
    return settingsProblem(job) ?? compareProblem(job)
  } catch (e) {
    if (isShoalError(e, 'ARGS_INVALID'))
      return { message: e.next === undefined ? e.message : `${e.message}; ${e.next}`, paths: ARGS }
    throw e
  }
}
