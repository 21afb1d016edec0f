/** Graphics processors of this machine, as the rest sees them. */
import type { GpuOffer, GpuVendor } from '../records/gpu.ts'

export interface Gpu {
  readonly vendor: GpuVendor
  /** Its number by the vendor's own count: the N of /dev/nvidiaN or of renderD(128 + N). */
  readonly index: number
  /** Stays the same over restarts: the vendor's UUID, else the place on the bus. */
  readonly id: string
  /** As the driver calls it; printable, bounded. */
  readonly model: string
  /** Undefined where the tool does not tell. */
  readonly memoryBytes: number | undefined
  readonly freeBytes: number | undefined
  readonly driver: string | undefined
  /** 0 to 100. */
  readonly utilisation: number | undefined
  /** Degrees Celsius. */
  readonly temperature: number | undefined
  /** Drawn now. */
  readonly watts: number | undefined
  /** Split into instances (MIG): the whole is no longer there to lease. */
  readonly split: boolean
}

export interface GpuProbe {
  /** What is there now; empty when there is nothing or no tool tells. Never throws for what a tool says. CANCELLED when aborted. */
  look(signal: AbortSignal): Promise<readonly Gpu[]>
}

/** One GPU, given to one execution. */
export interface GpuAccess {
  readonly vendor: GpuVendor
  readonly index: number
  readonly id: string
  /** Device nodes that the sandbox lets in; those that do not exist are left out by it. */
  readonly devices: readonly string[]
}

export interface GpuLease extends GpuAccess {
  /** Looks at the GPU again and gives it back; harmless twice. Never rejects. */
  release(signal: AbortSignal): Promise<void>
}

/** One tenant for each GPU. */
export interface GpuKeeper {
  refresh(signal: AbortSignal): Promise<void>
  list(): readonly {
    readonly gpu: Gpu
    readonly holder: string | undefined
    readonly unfit: string | undefined
  }[]
  /** Keeps a GPU with this much memory for a lease to come; false when none fits. */
  reserve(holder: string, memoryBytes: number): boolean
  cancel(holder: string): void
  lease(holder: string, memoryBytes: number, signal: AbortSignal): Promise<GpuLease | undefined>
  offers(): GpuOffer[]
}
