/** AMD: `rocm-smi --json`, or the newer `amd-smi ... --json`. */
import type { Gpu } from '../../protocol/ports/gpu.ts'
import { MiB } from '../../protocol/limits.ts'
import {
  GPUS_PER_MACHINE,
  idOf,
  memoryOf,
  modelOf,
  objectOf,
  temperatureOf,
  utilisationOf,
  wattsOf
} from './values.ts'

export const ROCM_QUERY = [
  ...['--showid', '--showuniqueid', '--showproductname', '--showmeminfo', 'vram'],
  ...['--showuse', '--showtemp', '--showpower', '--showdriverversion', '--json']
]

type Row = Readonly<Record<string, unknown>>
const isRow = (v: unknown): v is Row => typeof v === 'object' && v !== null && !Array.isArray(v)
/** The first of several spellings: they changed between versions. */
const first = (row: Row, ...keys: string[]): unknown => keys.map(k => row[k]).find(v => v !== undefined)

function rocmGpu(index: number, row: Row, driver: unknown): Gpu {
  const total = memoryOf(row['VRAM Total Memory (B)'], 1)
  const used = memoryOf(row['VRAM Total Used Memory (B)'], 1)
  return {
    vendor: 'amd',
    index,
    id: idOf(row['Unique ID']) ?? `amd-${index}`,
    model: modelOf(first(row, 'Card Series', 'Card series', 'Device Name', 'Card model'), 'AMD GPU'),
    memoryBytes: total,
    freeBytes: total === undefined || used === undefined || used > total ? undefined : total - used,
    driver: idOf(driver),
    utilisation: utilisationOf(row['GPU use (%)']),
    temperature: temperatureOf(
      first(row, 'Temperature (Sensor junction) (C)', 'Temperature (Sensor edge) (C)')
    ),
    watts: wattsOf(
      first(row, 'Current Socket Graphics Package Power (W)', 'Average Graphics Package Power (W)')
    ),
    split: false
  }
}

/** Output of ROCM_QUERY; warnings before the JSON are passed over. */
export function parseRocm(text: string): Gpu[] {
  const tree = objectOf(text.slice(Math.max(0, text.indexOf('{'))))
  if (tree === undefined) return []
  const system = isRow(tree['system']) ? tree['system'] : {}
  return Object.entries(tree).flatMap(([key, row]) => {
    const match = /^card(\d{1,2})$/.exec(key)
    const index = Number(match?.[1])
    return match !== null && isRow(row) && index < GPUS_PER_MACHINE
      ? [rocmGpu(index, row, system['Driver version'])]
      : []
  })
}

export const AMD_SMI_STATIC = ['static', '--asic', '--bus', '--vram', '--driver', '--json']
export const AMD_SMI_METRIC = ['metric', '--mem-usage', '--usage', '--temperature', '--power', '--json']

/** `{ value, unit }`, or the bare value. */
const bare = (v: unknown): unknown => (isRow(v) ? v['value'] : v)
const inside = (v: unknown, ...keys: string[]): unknown =>
  keys.reduce<unknown>((at, k) => (isRow(at) ? at[k] : undefined), v)

/** A list, or, since version 7, a list under `gpu_data`. */
function rows(text: string): Row[] {
  let tree: unknown
  try {
    tree = JSON.parse(text)
  } catch {
    return [] // cut off, or no JSON at all
  }
  const list = isRow(tree) ? tree['gpu_data'] : tree
  return Array.isArray(list) ? list.slice(0, GPUS_PER_MACHINE).filter(isRow) : []
}

/** Output of the two queries. */
export function parseAmdSmi(stat: string, metric: string): Gpu[] {
  const now = new Map(rows(metric).map(r => [r['gpu'], r]))
  const seen = new Set<unknown>()
  return rows(stat).flatMap(row => {
    const index = row['gpu']
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= GPUS_PER_MACHINE)
      return []
    if (seen.has(index)) return []
    seen.add(index)
    const m = now.get(index)
    const gpu: Gpu = {
      vendor: 'amd',
      index,
      id: idOf(inside(row, 'bus', 'bdf')) ?? `amd-${index}`,
      model: modelOf(inside(row, 'asic', 'market_name'), 'AMD GPU'),
      memoryBytes: memoryOf(bare(inside(row, 'vram', 'size')), MiB),
      freeBytes: memoryOf(bare(inside(m, 'mem_usage', 'free_vram')), MiB),
      driver: idOf(inside(row, 'driver', 'version')),
      utilisation: utilisationOf(bare(inside(m, 'usage', 'gfx_activity'))),
      temperature: temperatureOf(bare(inside(m, 'temperature', 'hotspot'))),
      watts: wattsOf(bare(inside(m, 'power', 'socket_power'))),
      split: false
    }
    return [gpu]
  })
}
