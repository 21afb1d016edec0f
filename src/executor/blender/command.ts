/** Blender's command line for one picture. The .blend gives the scene, everything else comes from here; its own Python never runs. */
import type { RenderSettings, Unit } from './settings.ts'

/** Pixels that a tile covers, from the lower left corner; the ends are excluded. */
export interface PixelRect {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

export function rectOf(s: RenderSettings, { tile }: Unit): PixelRect {
  const cut = (at: number, parts: number, size: number): number => Math.floor((at * size) / parts)
  return {
    x0: cut(tile.column, s.columns, s.width),
    x1: cut(tile.column + 1, s.columns, s.width),
    y0: cut(tile.row, s.rows, s.height),
    y1: cut(tile.row + 1, s.rows, s.height)
  }
}

/** Borders are shares of the frame that Blender cuts down to pixels: a quarter of a pixel more keeps them off the edge. */
const border = (pixel: number, size: number): string => Math.min(1, (pixel + 0.25) / size).toFixed(9)

const python = (value: boolean): string => (value ? 'True' : 'False')

/**
 * Our own Python, in which only numbers vary. It takes over what the scene could use to write elsewhere, run code, call for other files or
 * make two runs differ: compositor and sequencer, Freestyle, open shading language, denoising (not in every build), time limits.
 */
export function setup(s: RenderSettings, unit: Unit): string {
  const rect = rectOf(s, unit)
  const tiled = s.columns * s.rows > 1
  return [
    'import bpy',
    's = bpy.context.scene',
    'r = s.render',
    'c = s.cycles',
    "r.engine = 'CYCLES'",
    'r.use_compositing = False',
    'r.use_sequencer = False',
    'r.use_freestyle = False',
    'r.use_multiview = False',
    'r.use_stamp = False',
    'r.use_overwrite = True',
    'r.use_placeholder = False',
    's.use_nodes = False',
    `r.resolution_x = ${s.width}`,
    `r.resolution_y = ${s.height}`,
    'r.resolution_percentage = 100',
    `r.use_border = ${python(tiled)}`,
    `r.use_crop_to_border = ${python(tiled)}`,
    `r.border_min_x = ${border(rect.x0, s.width)}`,
    `r.border_max_x = ${border(rect.x1, s.width)}`,
    `r.border_min_y = ${border(rect.y0, s.height)}`,
    `r.border_max_y = ${border(rect.y1, s.height)}`,
    "r.image_settings.file_format = 'PNG'",
    "r.image_settings.color_mode = 'RGB'",
    "r.image_settings.color_depth = '8'",
    "c.device = 'CPU'",
    `c.samples = ${s.samples}`,
    `c.seed = ${s.seed}`,
    'c.use_animated_seed = False',
    'c.use_adaptive_sampling = False',
    'c.use_denoising = False',
    'c.shading_system = False',
    'c.time_limit = 0'
  ].join('\n')
}

export const PYTHON_FAILED = 3

/** The output's name before Blender adds the frame's number and the ending. */
const STEM = 'picture-'
/** The file that the command leaves. */
export const pictureFile = (frame: number): string => `${STEM}${String(frame).padStart(4, '0')}.png`

/** `program` renders one unit of `scene` into `folder`. */
export const blenderCommand = (
  program: string,
  s: RenderSettings,
  unit: Unit,
  scene: string,
  folder: string
): string[] => [
  program,
  ...['--background', '--factory-startup', '--disable-autoexec', '-noaudio'],
  ...['--threads', String(s.threads), scene],
  ...['--python-exit-code', String(PYTHON_FAILED), '--python-expr', setup(s, unit)],
  ...['--render-output', `${folder}/${STEM}####`, '--render-format', 'PNG', '--use-extension', '1'],
  ...['--render-frame', String(unit.frame)]
]
