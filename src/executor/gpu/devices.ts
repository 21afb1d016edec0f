/** Which device nodes a task with this GPU may see. */
import type { Gpu } from '../../protocol/ports/gpu.ts'

/** Nodes that all of NVIDIA's GPUs share. */
const NVIDIA_SHARED = ['nvidiactl', 'nvidia-uvm', 'nvidia-uvm-tools', 'nvidia-modeset']

/** Its render node: Vulkan goes there. NVIDIA's render nodes need not be counted like its GPUs, so a task gets the whole folder. */
const renderNode = (g: Pick<Gpu, 'index'>): string => `/dev/dri/renderD${128 + g.index}`

/** Paths; the sandbox leaves out what does not exist. None on macOS, where there are no such nodes. */
export function deviceNodes(g: Pick<Gpu, 'vendor' | 'index'>): string[] {
  if (g.vendor === 'nvidia')
    return [`/dev/nvidia${g.index}`, ...NVIDIA_SHARED.map(n => `/dev/${n}`), '/dev/dri']
  if (g.vendor === 'amd') return ['/dev/kfd', renderNode(g)]
  return g.vendor === 'intel' ? [renderNode(g)] : []
}
