/** Asks the vendors' tools, with a time limit and a cap on what they may print; a tool that is not there is no error. */
import { execFile, type ExecFileOptionsWithStringEncoding } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Gpu, GpuProbe } from '../../../protocol/ports/gpu.ts'
import { AMD_SMI_METRIC, AMD_SMI_STATIC, parseAmdSmi, parseRocm, ROCM_QUERY } from '../amd.ts'
import { APPLE_QUERY, parseApple } from '../apple.ts'
import { DRM_FILES, parseDrm, type DrmCard, type DrmFile } from '../drm.ts'
import { NVIDIA_QUERY, parseNvidia } from '../nvidia.ts'
import { GPUS_PER_MACHINE } from '../values.ts'

/** A driver that hangs must not hang us, ms. */
const TOOL_MS = 10_000
const OUTPUT_MAX = 1024 * 1024
const FILE_MAX = 256
const DRM = '/sys/class/drm'

/** What a tool printed; undefined when it is not there, failed, was too slow or said too much. Only an abort rejects. */
export function runTool(
  command: string,
  args: readonly string[],
  signal: AbortSignal
): Promise<string | undefined> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const options: ExecFileOptionsWithStringEncoding = {
      ...{ timeout: TOOL_MS, maxBuffer: OUTPUT_MAX, killSignal: 'SIGKILL', windowsHide: true, signal },
      encoding: 'utf8',
      // no locale may change what numbers look like
      env: { PATH: process.env['PATH'], LC_ALL: 'C' }
    }
    execFile(command, [...args], options, (error, stdout) => {
      if (signal.aborted) reject(signal.reason as Error)
      else resolve(error === null ? stdout : undefined)
    })
  })
}

/** Readings of a card that lie one folder deeper. */
const HWMON = [
  ['hwmon_temp1_input', 'temp1_input'],
  ['hwmon_power1_average', 'power1_average']
] as const satisfies readonly (readonly [DrmFile, string])[]

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).slice(0, FILE_MAX)
  } catch {
    return undefined // this card has no such file
  }
}

async function cardOf(node: string): Promise<DrmCard> {
  const device = join(DRM, node, 'device')
  const files: Partial<Record<DrmFile, string>> = {}
  for (const name of DRM_FILES) if (!name.startsWith('hwmon_')) files[name] = await textOf(join(device, name))
  const [hwmon] = await readdir(join(device, 'hwmon')).catch(() => [])
  if (hwmon !== undefined)
    for (const [key, file] of HWMON) files[key] = await textOf(join(device, 'hwmon', hwmon, file))
  return { node, bus: basename(await readlink(device).catch(() => '')), files }
}

async function drm(): Promise<Gpu[]> {
  const nodes = await readdir(DRM).catch(() => [])
  const render = nodes.filter(n => n.startsWith('renderD')).sort()
  return parseDrm(await Promise.all(render.slice(0, GPUS_PER_MACHINE).map(cardOf)))
}

async function amd(signal: AbortSignal): Promise<Gpu[]> {
  const stat = await runTool('amd-smi', AMD_SMI_STATIC, signal)
  if (stat !== undefined) return parseAmdSmi(stat, (await runTool('amd-smi', AMD_SMI_METRIC, signal)) ?? '')
  return parseRocm((await runTool('rocm-smi', ROCM_QUERY, signal)) ?? '')
}

/** A vendor's own tool says more than the kernel does: its cards replace those. */
export const systemGpus: GpuProbe = {
  async look(signal) {
    if (process.platform === 'darwin')
      return parseApple((await runTool('system_profiler', APPLE_QUERY, signal)) ?? '')
    const kernel = process.platform === 'linux' ? await drm() : []
    const tools = [
      ...parseNvidia((await runTool('nvidia-smi', NVIDIA_QUERY, signal)) ?? ''),
      ...(kernel.some(g => g.vendor === 'amd') ? await amd(signal) : [])
    ]
    const told = new Set(tools.map(g => g.vendor))
    // NVIDIA's cards without its tool have no driver that a task could use
    return [...tools, ...kernel.filter(g => g.vendor !== 'nvidia' && !told.has(g.vendor))]
  }
}
