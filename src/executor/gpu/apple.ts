/** Apple: `system_profiler SPDisplaysDataType -json`. */
import { GiB, MiB } from '../../protocol/limits.ts'
import type { Gpu } from '../../protocol/ports/gpu.ts'
import { GPUS_PER_MACHINE, memoryOf, modelOf, objectOf } from './values.ts'

export const APPLE_QUERY = ['SPDisplaysDataType', '-json', '-detailLevel', 'mini']

/** `8 GB` or `1536 MB`. Processors of Apple share the machine's memory and name none of their own. */
function memory(text: unknown): number | undefined {
  const match = typeof text === 'string' ? /^(\d{1,6}) (MB|GB)$/.exec(text.trim()) : null
  return match === null ? undefined : memoryOf(match[1], match[2] === 'GB' ? GiB : MiB)
}

export function parseApple(json: string): Gpu[] {
  const list = objectOf(json)?.['SPDisplaysDataType']
  if (!Array.isArray(list)) return []
  return list.slice(0, GPUS_PER_MACHINE).flatMap((row: unknown, index) => {
    if (typeof row !== 'object' || row === null) return []
    const r = row as Readonly<Record<string, unknown>>
    const gpu: Gpu = {
      vendor: 'apple',
      index,
      id: `apple-${index}`,
      model: modelOf(r['sppci_model'] ?? r['_name'], 'Apple GPU'),
      memoryBytes: memory(r['spdisplays_vram']) ?? memory(r['spdisplays_vram_shared']),
      freeBytes: undefined,
      driver: undefined,
      utilisation: undefined,
      temperature: undefined,
      watts: undefined,
      split: false
    }
    return [gpu]
  })
}
