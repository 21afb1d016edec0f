/** Any vendor on Linux without its own tool: what /sys/class/drm tells. */
import type { Gpu } from '../../protocol/ports/gpu.ts'
import type { GpuVendor } from '../../protocol/records/gpu.ts'
import { GPUS_PER_MACHINE, idOf, memoryOf, numberOf, utilisationOf } from './values.ts'

/** One render node with the texts of the files below its `device`; absent files are undefined. */
export interface DrmCard {
  /** renderD128, renderD129 ... */
  readonly node: string
  /** Name of the device that the link points to: its place on the bus. */
  readonly bus: string
  readonly files: Readonly<Partial<Record<DrmFile, string>>>
}
export const DRM_FILES = [
  ...(['vendor', 'device', 'mem_info_vram_total', 'mem_info_vram_used', 'gpu_busy_percent'] as const),
  'hwmon_temp1_input',
  'hwmon_power1_average'
] as const
export type DrmFile = (typeof DRM_FILES)[number]

/** PCI ids of those who make GPUs. */
const VENDORS: Readonly<Record<string, GpuVendor>> = {
  '0x10de': 'nvidia',
  '0x1002': 'amd',
  '0x8086': 'intel'
}

/** Cards of no known vendor (virtual machines' among them) are no GPUs. */
export function parseDrm(cards: readonly DrmCard[]): Gpu[] {
  return cards.slice(0, GPUS_PER_MACHINE).flatMap(({ node, bus, files }) => {
    const vendor = VENDORS[files.vendor?.trim().toLowerCase() ?? '']
    const minor = /^renderD(\d{3})$/.exec(node)?.[1]
    if (vendor === undefined || minor === undefined) return []
    const total = memoryOf(files.mem_info_vram_total, 1)
    const used = memoryOf(files.mem_info_vram_used, 1)
    const milli = numberOf(files.hwmon_temp1_input, 0, 150_000)
    const micro = numberOf(files.hwmon_power1_average, 0, 4_000_000_000)
    const device = /^0x[0-9a-f]{4}$/i.test(files.device?.trim() ?? '') ? files.device?.trim() : undefined
    const gpu: Gpu = {
      vendor,
      index: Number(minor) - 128,
      id: idOf(bus) ?? node,
      model: `${vendor} GPU${device === undefined ? '' : ` ${device}`}`,
      memoryBytes: total,
      freeBytes: total === undefined || used === undefined || used > total ? undefined : total - used,
      driver: undefined,
      utilisation: utilisationOf(files.gpu_busy_percent),
      temperature: milli === undefined ? undefined : milli / 1_000,
      watts: micro === undefined ? undefined : micro / 1_000_000,
      split: false
    }
    return [gpu]
  })
}
