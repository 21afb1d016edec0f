/** The GPUs that could be sold from here. */
import type { Gpu, GpuProbe } from '../../protocol/ports/gpu.ts'
import { formatSize } from '../../protocol/units.ts'
import { note, ok, type Finding } from './check.ts'

function describe(g: Gpu): string {
  const facts = [
    g.memoryBytes === undefined ? 'memory unknown' : formatSize(g.memoryBytes),
    g.freeBytes === undefined ? '' : `${formatSize(g.freeBytes)} free`,
    g.temperature === undefined ? '' : `${g.temperature} °C`,
    g.watts === undefined ? '' : `${g.watts.toFixed(0)} W`,
    g.utilisation === undefined ? '' : `${g.utilisation} % busy`,
    g.driver === undefined ? '' : `driver ${g.driver}`
  ]
  return `${g.model} (${facts.filter(f => f !== '').join(', ')})`
}

export async function checkGpus(probe: GpuProbe, signal: AbortSignal): Promise<Finding[]> {
  const gpus = await probe.look(signal)
  if (gpus.length === 0)
    return [note('gpu', 'none found (nvidia-smi, amd-smi, rocm-smi and /sys/class/drm were asked)')]
  return gpus.map(g =>
    g.split
      ? note('gpu', `${describe(g)}: split into instances, not sold`, `nvidia-smi -i ${g.index} -mig 0`)
      : ok('gpu', describe(g))
  )
}
