/**
 * One tenant for each GPU. Its free memory is looked at before and after: what a job leaves behind may be its data or the next one's
 * lack, so a GPU with less free than before, beyond some slack, is unfit until it recovers.
 */
import { MiB } from '../../protocol/limits.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Gpu, GpuKeeper, GpuLease, GpuProbe } from '../../protocol/ports/gpu.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import { GPUS_MAX, type GpuOffer } from '../../protocol/records/gpu.ts'
import { deviceNodes } from './devices.ts'

/** What drivers keep for themselves comes and goes by some megabytes. */
const SLACK_BYTES = 256 * MiB
/** Looks at a GPU whose process has just ended, and the waits between them: the driver frees its memory a moment later. */
const LOOKS = 5
const LOOK_MS = 1_000

export interface SlotParts {
  readonly probe: GpuProbe
  readonly clock: Clock
  readonly log: Logger
  readonly changed: () => void
}

interface Slot {
  gpu: Gpu
  /** Decided before the first await, so that two leases cannot meet. */
  holder: string | undefined
  /** The holder runs on it, or is about to. */
  leased: boolean
  /** Why nobody gets it. */
  unfit: string | undefined
  /** Free bytes below which it is still unfit. */
  needs: number
}

export class GpuSlots implements GpuKeeper {
  readonly #parts: SlotParts
  readonly #slots = new Map<string, Slot>()

  constructor(parts: SlotParts) {
    this.#parts = parts
  }

  /** What is there, newest figures. A GPU that is gone (fallen off the bus) is unfit. */
  async refresh(signal: AbortSignal): Promise<void> {
    const found = new Map((await this.#parts.probe.look(signal)).map(g => [g.id, g]))
    for (const [id, gpu] of found) {
      const slot = this.#slots.get(id)
      if (slot === undefined)
        this.#slots.set(id, { gpu, holder: undefined, leased: false, unfit: this.#flaw(gpu), needs: 0 })
      else this.#update(slot, gpu)
    }
    for (const [id, slot] of this.#slots)
      if (!found.has(id)) {
        if (slot.unfit === undefined) this.#judge(slot, 'it is no longer there')
        if (slot.holder === undefined) this.#slots.delete(id)
      }
  }

  #flaw(gpu: Gpu): string | undefined {
    return gpu.split ? 'it is split into instances (MIG)' : undefined
  }

  #update(slot: Slot, gpu: Gpu): void {
    slot.gpu = gpu
    const recovered = slot.needs > 0 && gpu.freeBytes !== undefined && gpu.freeBytes >= slot.needs
    if (slot.holder === undefined && recovered) {
      slot.needs = 0
      this.#judge(slot, this.#flaw(gpu))
    } else if (slot.needs === 0) this.#judge(slot, this.#flaw(gpu))
  }

  #judge(slot: Slot, unfit: string | undefined): void {
    if (slot.unfit === unfit) return
    slot.unfit = unfit
    const fields = { gpu: slot.gpu.id, model: slot.gpu.model, reason: unfit }
    if (unfit === undefined) this.#parts.log.info(fields, 'a GPU is fit again')
    else this.#parts.log.warn(fields, 'a GPU is unfit: nobody gets it')
    this.#parts.changed()
  }

  /** Every GPU with its figures, who has it and why nobody may. */
  list(): { readonly gpu: Gpu; readonly holder: string | undefined; readonly unfit: string | undefined }[] {
    return [...this.#slots.values()].map(({ gpu, holder, unfit }) => ({ gpu, holder, unfit }))
  }

  /** Whether a GPU with this much memory is free. */
  fits(memoryBytes: number): boolean {
    return this.#free(memoryBytes) !== undefined
  }

  /** The smallest that is enough: a large one stays for those who need it. */
  #free(memoryBytes: number): Slot | undefined {
    return [...this.#slots.values()]
      .filter(s => s.holder === undefined && s.unfit === undefined && (s.gpu.memoryBytes ?? 0) >= memoryBytes)
      .sort((a, b) => (a.gpu.memoryBytes ?? 0) - (b.gpu.memoryBytes ?? 0))[0]
  }

  /** Keeps a GPU for a lease to come; false when none fits. Repeating it is harmless. */
  reserve(holder: string, memoryBytes: number): boolean {
    if (this.#of(holder) !== undefined) return true
    const slot = this.#free(memoryBytes)
    if (slot === undefined) return false
    slot.holder = holder
    this.#parts.changed()
    return true
  }

  /** What was reserved and never leased is free again. */
  cancel(holder: string): void {
    const slot = this.#of(holder)
    if (slot === undefined || slot.leased) return
    slot.holder = undefined
    this.#parts.changed()
  }

  #of(holder: string): Slot | undefined {
    return [...this.#slots.values()].find(s => s.holder === holder)
  }

  /** A GPU for one holder, its memory looked at; undefined when none fits. */
  async lease(holder: string, memoryBytes: number, signal: AbortSignal): Promise<GpuLease | undefined> {
    if (!this.reserve(holder, memoryBytes)) return undefined
    const slot = this.#of(holder)
    if (slot === undefined || slot.leased) return undefined
    slot.leased = true
    try {
      await this.refresh(signal)
    } catch (e) {
      this.#vacate(slot)
      throw e
    }
    const { gpu } = slot
    if (slot.unfit !== undefined) {
      this.#vacate(slot)
      return undefined
    }
    let release: Promise<void> | undefined
    return {
      ...{ vendor: gpu.vendor, index: gpu.index, id: gpu.id, devices: deviceNodes(gpu) },
      release: s => (release ??= this.#release(slot, gpu.freeBytes, s))
    }
  }

  async #release(slot: Slot, before: number | undefined, signal: AbortSignal): Promise<void> {
    try {
      for (let look = 1; look <= LOOKS; look++) {
        await this.refresh(signal)
        const now = slot.gpu.freeBytes
        if (before === undefined || slot.unfit !== undefined) return
        if (now !== undefined && now + SLACK_BYTES >= before) return
        if (look < LOOKS) await this.#parts.clock.sleep(LOOK_MS, signal)
      }
      slot.needs = Math.max(1, (before ?? 0) - SLACK_BYTES)
      this.#judge(
        slot,
        `a job left memory behind: ${slot.gpu.freeBytes ?? 0} bytes free, before it ${before ?? 0}`
      )
    } catch (err) {
      // nobody knows what is on it
      slot.needs = Math.max(1, (before ?? 0) - SLACK_BYTES)
      this.#judge(slot, 'it could not be looked at after a job')
      this.#parts.log.debug({ err }, 'the look after a job failed')
    } finally {
      this.#vacate(slot)
    }
  }

  #vacate(slot: Slot): void {
    slot.holder = undefined
    slot.leased = false
    this.#parts.changed()
  }

  /** For the advert: equal ones in one line. Unfit ones do not count at all. */
  offers(): GpuOffer[] {
    const lines = new Map<string, { -readonly [K in keyof GpuOffer]: GpuOffer[K] }>()
    for (const { gpu, holder, unfit } of this.#slots.values()) {
      if (unfit !== undefined) continue
      const memoryBytes = gpu.memoryBytes ?? 0
      const key = `${gpu.vendor} ${gpu.model} ${memoryBytes}`
      const line = lines.get(key) ?? { vendor: gpu.vendor, model: gpu.model, memoryBytes, count: 0, free: 0 }
      line.count++
      if (holder === undefined) line.free++
      lines.set(key, line)
    }
    return [...lines.values()].slice(0, GPUS_MAX)
  }
}
