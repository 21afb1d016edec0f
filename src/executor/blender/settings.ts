/** What a job may say to Blender: numbers, checked one by one. Everything else that a render depends on is set by the host. */
import { argsInvalid, Flags } from '../native/flags.ts'

/** Where one picture lies in the frame, counted from its lower left corner. */
export interface Tile {
  readonly column: number
  readonly row: number
}

/** One picture: a frame, or a tile of it. */
export interface Unit {
  readonly frame: number
  readonly tile: Tile
  /** Under /out. */
  readonly file: string
}

export interface RenderSettings {
  readonly firstFrame: number
  readonly lastFrame: number
  readonly width: number
  readonly height: number
  readonly samples: number
  readonly columns: number
  readonly rows: number
  readonly seed: number
  readonly threads: number
}

const FLAGS = ['--frames', '--size', '--samples', '--tiles', '--seed', '--threads']
/** Blender's own largest frame number (MAXFRAME). */
const FRAME_MAX = 1_048_574
/** Pictures of one job: each is a start of Blender. */
const UNITS_MAX = 100_000
const SIDE_MAX = 16_384
const TILES_MAX = 64

function pair(f: Flags, flag: string, between: string, otherwise: string, max: number): [number, number] {
  const text = f.one(flag) ?? otherwise
  const [a = NaN, b = NaN] = new RegExp(`^\\d{1,7}${between}\\d{1,7}$`).test(text)
    ? text.split(between).map(Number)
    : []
  if (!(a >= 1 && a <= max && b >= 1 && b <= max))
    throw argsInvalid(
      `task.args: ${flag} must be two whole numbers from 1 to ${max} with '${between}' between, not '${text.slice(0, 40)}'`
    )
  return [a, b]
}

/** ARGS_INVALID says what is wrong and what there is. */
export function parseSettings(args: readonly string[]): RenderSettings {
  const f = new Flags(args, FLAGS)
  const frames = f.one('--frames') ?? '1'
  const found = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(frames)
  const firstFrame = Number(found?.[1])
  const lastFrame = Number(found?.[2] ?? found?.[1])
  if (!(firstFrame >= 0 && lastFrame >= firstFrame && lastFrame <= FRAME_MAX))
    throw argsInvalid(
      `task.args: --frames must be a frame or a range such as 1-250, not '${frames.slice(0, 40)}'`
    )
  const [width, height] = pair(f, '--size', 'x', '640x360', SIDE_MAX)
  const [columns, rows] = pair(f, '--tiles', 'x', '1x1', TILES_MAX)
  if (columns > width || rows > height)
    throw argsInvalid('task.args: --tiles has more tiles than --size has pixels')
  if ((lastFrame - firstFrame + 1) * columns * rows > UNITS_MAX)
    throw argsInvalid(`task.args: --frames and --tiles make more than ${UNITS_MAX} pictures`)
  return {
    ...{ firstFrame, lastFrame, width, height, columns, rows },
    samples: f.whole('--samples', 1, 65_536, 64),
    seed: f.whole('--seed', 0, 2 ** 31 - 1, 0),
    threads: f.whole('--threads', 1, 64, 1)
  }
}

const digits = (n: number, width: number): string => String(n).padStart(width, '0')

/** All pictures of the job in order: frame by frame, rows from below, columns from the left. */
export function unitAt(s: RenderSettings, index: number): Unit {
  const perFrame = s.columns * s.rows
  const frame = s.firstFrame + Math.floor(index / perFrame)
  const tile = { row: Math.floor((index % perFrame) / s.columns), column: index % s.columns }
  const name = `frame-${digits(frame, 4)}`
  return {
    frame,
    tile,
    file: perFrame === 1 ? `${name}.png` : `${name}-${digits(tile.row, 2)}-${digits(tile.column, 2)}.png`
  }
}

/** The pictures of one shard; with more shards than pictures some have none. */
export function unitsOf(s: RenderSettings, shard: number, shards: number): Unit[] {
  const total = (s.lastFrame - s.firstFrame + 1) * s.columns * s.rows
  const [from, to] = [Math.floor((shard * total) / shards), Math.floor(((shard + 1) * total) / shards)]
  return Array.from({ length: to - from }, (_, i) => unitAt(s, from + i))
}
