/** The boxes of all engines whose runners a stranger's data reaches, as the engines make them. */
import { blenderBox } from '../../src/executor/blender/engine.ts'
import { onnxBox } from '../../src/executor/onnx/engine.ts'
import type { Box } from '../../src/executor/sandbox/box.ts'
import { WASM_BOX } from '../../src/executor/wasm/engine.ts'
import { LIMITS } from '../support/tasks.ts'

/** Stands where Blender and the pack of ONNX Runtime stand: the programs are tried where neither is installed, too. */
const PROGRAM = '/usr/bin/perl'
const PACK = '/usr/lib'
const task = { limits: LIMITS }

/** For programs with children. */
export const native: Box = blenderBox(PROGRAM, task)

export const boxes: readonly { readonly engine: string; readonly box: Box }[] = [
  { engine: 'wasm', box: WASM_BOX },
  { engine: 'onnx', box: onnxBox(PACK, task) },
  { engine: 'blender', box: native }
]
