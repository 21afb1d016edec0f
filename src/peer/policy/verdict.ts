/** Whether the owner wants work done now, and for whom. Pure: facts in, the first reason against it out. */
import type { Address } from '../../protocol/ids.ts'
import { formatDuration } from '../../protocol/units.ts'
import { within, type Hours, type WallTime } from './hours.ts'

export interface Policy {
  readonly hours: readonly Hours[]
  readonly idle: {
    /** Highest load of a core by what is not ours, such as 0.5. */
    readonly load?: number
    /** How long nobody may have touched keyboard or mouse, ms. */
    readonly user?: number
  }
  /** `ac`: never on battery. */
  readonly power: 'any' | 'ac'
  /** Highest, degrees Celsius. */
  readonly temperature: { readonly cpu?: number; readonly gpu?: number }
  /** Highest draw of all GPUs together, watts. */
  readonly watts: { readonly gpu?: number }
  /** Engines that are offered; all when absent. */
  readonly engines?: readonly string[]
  /** Operators. A list `allow` refuses everybody else. */
  readonly allow?: readonly string[]
  readonly deny: readonly string[]
}

/** The moment. What no port can tell is undefined and forbids nothing, except power: who asks for mains must have it shown. */
export interface Facts {
  readonly wall: WallTime
  /** Until when the owner has paused, ms since 1970; Infinity without an end. */
  readonly pausedUntil: number | undefined
  readonly now: number
  /** Load of a core without our own tasks. */
  readonly load: number | undefined
  readonly userIdleMs: number | undefined
  readonly onBattery: boolean | undefined
  readonly cpuTemperature: number | undefined
  /** Of the hottest GPU. */
  readonly gpuTemperature: number | undefined
  /** Of all GPUs together. */
  readonly gpuWatts: number | undefined
}

/** What somebody wants. */
export interface Wish {
  readonly operator: Address
  readonly engine: string
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string }

const no = (reason: string): Verdict => ({ ok: false, reason })
const OK: Verdict = { ok: true }
const has = (list: readonly string[], a: string): boolean =>
  list.some(x => x.toLowerCase() === a.toLowerCase())
const above = (is: number | undefined, cap: number | undefined): boolean =>
  is !== undefined && cap !== undefined && is > cap

function wishVerdict(p: Policy, w: Wish): Verdict {
  if (has(p.deny, w.operator)) return no('this operator is on the list of the denied')
  if (p.allow !== undefined && !has(p.allow, w.operator))
    return no('this operator is not on the list of the allowed')
  if (p.engines !== undefined && !p.engines.includes(w.engine)) return no(`engine ${w.engine} is not offered`)
  return OK
}

/** Of this moment; with a wish, of that wish at this moment. */
export function policyVerdict(p: Policy, f: Facts, wish?: Wish): Verdict {
  if (f.pausedUntil !== undefined && f.now < f.pausedUntil)
    return no(
      f.pausedUntil === Infinity ? 'paused' : `paused for another ${formatDuration(f.pausedUntil - f.now)}`
    )
  if (!within(p.hours, f.wall)) return no('outside of the hours')
  if (p.power === 'ac' && f.onBattery !== false)
    return no(f.onBattery === true ? 'on battery' : 'it cannot be told whether this machine is on mains')
  if (above(f.cpuTemperature, p.temperature.cpu)) return no(`the processor is at ${f.cpuTemperature} °C`)
  if (above(f.gpuTemperature, p.temperature.gpu)) return no(`a GPU is at ${f.gpuTemperature} °C`)
  if (above(f.gpuWatts, p.watts.gpu)) return no(`the GPUs draw ${f.gpuWatts?.toFixed(0)} W`)
  if (f.load !== undefined && p.idle.load !== undefined && f.load > p.idle.load)
    return no(`the machine is busy: load ${f.load.toFixed(2)} a core`)
  if (f.userIdleMs !== undefined && p.idle.user !== undefined && f.userIdleMs < p.idle.user)
    return no('somebody is using the machine')
  return wish === undefined ? OK : wishVerdict(p, wish)
}
