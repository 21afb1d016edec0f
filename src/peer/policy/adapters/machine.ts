/** Linux by /proc, /sys and /dev; other systems tell the load alone. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import type { MachinePort } from '../machine-port.ts'

const FILE_MAX = 64

async function text(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).slice(0, FILE_MAX).trim()
  } catch {
    return undefined // not on this machine
  }
}
const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/** A supply of type Mains that is online: no battery is used. Neither: a desktop, which has no supplies to list. */
export async function onBattery(root = '/sys/class/power_supply'): Promise<boolean | undefined> {
  const supplies = await names(root)
  let battery = false
  for (const s of supplies) {
    const type = await text(join(root, s, 'type'))
    if (type === 'Mains' || type === 'USB') {
      if ((await text(join(root, s, 'online'))) === '1') return false
    } else if (type === 'Battery' && (await text(join(root, s, 'scope'))) !== 'Device') battery = true
  }
  if (battery) return true
  return process.platform === 'linux' ? false : undefined
}

export async function hottest(root = '/sys/class/thermal'): Promise<number | undefined> {
  const zones = (await names(root)).filter(n => n.startsWith('thermal_zone')).slice(0, 64)
  const all = await Promise.all(zones.map(z => text(join(root, z, 'temp'))))
  const degrees = all.flatMap(t => (t !== undefined && /^\d{1,6}$/.test(t) ? [Number(t) / 1_000] : []))
  // sensors that are not connected tell nonsense
  const sane = degrees.filter(d => d > 0 && d < 150)
  return sane.length === 0 ? undefined : Math.max(...sane)
}

/** Terminals are touched when somebody types in them, like `w` sees it. */
async function userIdleMs(): Promise<number | undefined> {
  const terminals = [
    ...(await names('/dev/pts')).filter(n => /^\d+$/.test(n)).map(n => join('/dev/pts', n)),
    ...(await names('/dev')).filter(n => /^tty\d+$/.test(n)).map(n => join('/dev', n))
  ]
  const times = await Promise.all(
    terminals.slice(0, 256).map(async t => {
      try {
        return (await stat(t)).atimeMs
      } catch {
        return 0 // closed meanwhile
      }
    })
  )
  const last = Math.max(0, ...times)
  return last === 0 ? undefined : Math.max(0, Date.now() - last)
}

export const systemMachine: MachinePort = {
  async look(signal) {
    signal.throwIfAborted()
    const cores = availableParallelism()
    const [one] = loadavg()
    return {
      cores,
      // Windows has no load and says 0
      load: process.platform === 'win32' || one === undefined ? undefined : one / cores,
      userIdleMs: await userIdleMs(),
      onBattery: await onBattery(),
      cpuTemperature: await hottest()
    }
  }
}
