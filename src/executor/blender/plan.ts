/** A render as commands: one for each picture of the shard. */
import type { CommandStep, TaskFolders } from '../native/command-plan.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { blenderCommand, pictureFile, rectOf } from './command.ts'
import { parseBlenderLine } from './output.ts'
import { decodePng, encodePng } from './png.ts'
import { parseSettings, unitsOf, type RenderSettings, type Unit } from './settings.ts'

export interface PlanTask {
  readonly args: readonly string[]
  readonly shard: number
  readonly shards: number
}

/** The pixels of one unit, in the form in which results are compared. TASK_FAILED when it is another picture than was asked for. */
function finish(s: RenderSettings, unit: Unit, bytes: Uint8Array): Uint8Array {
  const pixels = decodePng(bytes)
  const { x0, x1, y0, y1 } = rectOf(s, unit)
  if (pixels.width !== x1 - x0 || pixels.height !== y1 - y0)
    throw new ShoalError(
      'TASK_FAILED',
      `Blender gave a picture of ${pixels.width}x${pixels.height} where ${x1 - x0}x${y1 - y0} was asked for.`
    )
  return encodePng(pixels)
}

/** ARGS_INVALID for settings that are refused. `program` is Blender's path. */
export function blenderPlan(program: string, task: PlanTask, folders: TaskFolders): CommandStep[] {
  const settings = parseSettings(task.args)
  const env = { HOME: folders.work, TMPDIR: folders.work, LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' }
  return unitsOf(settings, task.shard, task.shards).map(unit => ({
    argv: blenderCommand(program, settings, unit, folders.module, folders.work),
    env,
    title: unit.file.replace(/\.png$/, ''),
    line: parseBlenderLine,
    makes: {
      file: pictureFile(unit.frame),
      path: unit.file,
      finish: bytes => finish(settings, unit, bytes)
    }
  }))
}
