/** The boxes of all engines whose runners a stranger's data reaches. */
import type { Box } from '../../src/executor/sandbox/box.ts'
import { WASM_BOX } from '../../src/executor/wasm/engine.ts'

const MiB = 1024 * 1024
/** For programs of their own with children, as Blender is. */
export const native: Box = {
  memoryBytes: 512 * MiB,
  cpus: 2,
  processes: 'many',
  maxTasks: 128,
  maxOpenFiles: 1024,
  fileBytes: 64 * MiB,
  reads: [],
  scratch: [],
  devices: []
}

export const boxes: readonly { readonly engine: string; readonly box: Box }[] = [
  { engine: 'wasm', box: WASM_BOX },
  { engine: 'native', box: native }
]
