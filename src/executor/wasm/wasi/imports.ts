import type { Guest, HostCall, HostCalls } from './guest.ts'
import { ERRNO, WasiError } from './errno.ts'
import { fdCalls } from './fd-calls.ts'
import { GAS_PER_CALL } from './guest.ts'
import { pathCalls } from './path-calls.ts'
import { WASI_CALLS } from './signatures.ts'
import { systemCalls } from './system-calls.ts'

/** A wasm number as the host calls take it: 32 bits come signed and are meant unsigned. */
const unsigned = (value: unknown): unknown => (typeof value === 'number' ? value >>> 0 : value)

/** Charges for the call and turns a refusal into its errno; stops and exits pass through the guest. */
function wrap(guest: Guest, call: HostCall): (...args: unknown[]) => number {
  return (...args) => {
    guest.charge(GAS_PER_CALL)
    try {
      const result: unknown = Reflect.apply(call, undefined, args.map(unsigned))
      return typeof result === 'number' ? result : ERRNO.inval
    } catch (e) {
      if (e instanceof WasiError) return e.errno
      throw e
    }
  }
}

/** All host calls of WASI preview 1 for one run. */
export function wasiImports(guest: Guest): WebAssembly.ModuleImports {
  const calls: HostCalls = { ...systemCalls(guest), ...fdCalls(guest), ...pathCalls(guest) }
  const imports: WebAssembly.ModuleImports = {}
  for (const name of WASI_CALLS) imports[name] = wrap(guest, calls[name] ?? (() => ERRNO.nosys))
  return imports
}
