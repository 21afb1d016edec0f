/** What a job file says to its engine, checked as the engine itself will: a mistake shows before anything is bought. */
import { parseSettings } from '../../executor/blender/settings.ts'
import { onnxComparison, parseOnnxArgs } from '../../executor/onnx/args.ts'
import { isShoalError } from '../../protocol/errors.ts'
import type { Problem } from './parse.ts'
import type { JobFile } from './schema.ts'

const ARGS: Problem['paths'] = [['task', 'args'], ['task']]

function onnxProblem({ task, verify }: JobFile): Problem | undefined {
  const args = parseOnnxArgs(task.args)
  if (verify.tier !== 'replicas' || onnxComparison(args) === 'bytes') return undefined
  return {
    message: `verify.tier: replicas compares bytes, which the provider ${args.provider} does not give twice; use --provider cpu, or tier none`,
    paths: [['verify', 'tier'], ...ARGS]
  }
}

function blenderProblem({ task }: JobFile): Problem | undefined {
  parseSettings(task.args)
  if (task.version !== undefined) return undefined
  return {
    message:
      "task.version: is missing; pictures differ between versions of Blender, so write one such as '3.4.1'",
    paths: [['task', 'version'], ['task']]
  }
}

/** The first thing that the job's engine would refuse. */
export function engineProblem(job: JobFile): Problem | undefined {
  try {
    if (job.task.engine === 'onnx') return onnxProblem(job)
    if (job.task.engine === 'blender') return blenderProblem(job)
    return undefined
  } catch (e) {
    if (isShoalError(e, 'ARGS_INVALID'))
      return { message: e.next === undefined ? e.message : `${e.message}; ${e.next}`, paths: ARGS }
    throw e
  }
}
