/** NVIDIA: `nvidia-smi`, as CSV. */
import type { Gpu } from '../../protocol/ports/gpu.ts'
import { MiB } from '../../protocol/limits.ts'
import {
  GPUS_PER_MACHINE,
  idOf,
  memoryOf,
  modelOf,
  numberOf,
  temperatureOf,
  utilisationOf,
  wattsOf
} from './values.ts'

/** In this order; the names are those of `nvidia-smi --help-query-gpu`. */
export const NVIDIA_FIELDS = [
  ...['index', 'uuid', 'name', 'memory.total', 'memory.free', 'driver_version', 'utilization.gpu'],
  ...['temperature.gpu', 'mig.mode.current', 'power.draw']
]
export const NVIDIA_QUERY = [`--query-gpu=${NVIDIA_FIELDS.join(',')}`, '--format=csv,noheader,nounits']

function gpuOf(line: string): Gpu | undefined {
  const cells = line.split(',').map(c => c.trim())
  // a name may hold a comma: what is too much belongs to it
  const extra = cells.length - NVIDIA_FIELDS.length
  if (extra < 0) return undefined
  const name = cells.slice(2, 3 + extra).join(', ')
  const [index, uuid] = [numberOf(cells[0], 0, GPUS_PER_MACHINE - 1), idOf(cells[1])]
  const [total, free, driver, utilisation, temperature, mig, power] = cells.slice(3 + extra)
  if (index === undefined || !Number.isInteger(index) || uuid?.startsWith('GPU-') !== true) return undefined
  return {
    vendor: 'nvidia',
    index,
    id: uuid,
    model: modelOf(name, 'NVIDIA GPU'),
    memoryBytes: memoryOf(total, MiB),
    freeBytes: memoryOf(free, MiB),
    driver: idOf(driver),
    utilisation: utilisationOf(utilisation),
    temperature: temperatureOf(temperature),
    watts: wattsOf(power),
    split: mig === 'Enabled'
  }
}

/** Lines that are no GPU (errors of the driver among them) are passed over; of two with one id the first stands. */
export function parseNvidia(csv: string): Gpu[] {
  const byId = new Map<string, Gpu>()
  for (const line of csv.split(/\r?\n/)) {
    const gpu = gpuOf(line)
    if (gpu === undefined || byId.has(gpu.id) || byId.size >= GPUS_PER_MACHINE) continue
    if ([...byId.values()].some(g => g.index === gpu.index)) continue
    byId.set(gpu.id, gpu)
  }
  return [...byId.values()]
}
