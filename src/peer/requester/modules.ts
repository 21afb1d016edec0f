/** The program of a task, by engine: a WebAssembly module, an ONNX model, a .blend file, a container's image. */
import { isAbsolute, resolve } from 'node:path'
import { imageSource } from '../../executor/container/image.ts'
import { admit } from '../../executor/onnx/admit.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { MODULE_MAX } from '../../protocol/task-limits.ts'
import type { PeerContext } from '../context.ts'
import type { JobFile } from '../jobfile/schema.ts'

type EngineId = JobFile['task']['engine']

const begins = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((m, i) => bytes[i] === m)

const WASM = [0, 0x61, 0x73, 0x6d]
/** BLENDER, or a file of Blender's compressed with zstd or gzip. */
const BLEND = [
  [0x42, 0x4c, 0x45, 0x4e, 0x44, 0x45, 0x52],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x1f, 0x8b]
]

/** Why these bytes are no module of the engine, and what to do. */
const WRONG: Readonly<Record<EngineId, readonly [what: string, next: string]>> = {
  wasm: ['is not a WebAssembly module', 'Build it for the target wasm32-wasi (WASI preview 1).'],
  onnx: [
    'is not an ONNX model that runs here',
    'Export it with ONNX operators only, weights inside, opset 9 to 23.'
  ],
  blender: [
    'is not a .blend file',
    'Save it with Blender, with everything packed: File, External Data, Pack Resources.'
  ],
  container: [
    'is neither the tar of an image nor a name of one',
    'Make one with: podman save --output image.tar NAME, or write {"image": "name@sha256:<64 hex digits>"}.'
  ]
}

function problem(engine: EngineId, bytes: Uint8Array): string | undefined {
  if (engine === 'wasm') return begins(bytes, WASM) ? undefined : ''
  if (engine === 'blender') return BLEND.some(magic => begins(bytes, magic)) ? undefined : ''
  try {
    if (engine === 'container') imageSource(bytes)
    else admit(bytes)
    return undefined
  } catch (e) {
    if (isShoalError(e, 'MODULE_INVALID')) return `: ${e.message}`
    throw e
  }
}

/** FILE_NOT_FOUND or MODULE_INVALID, in the words of the job file's `key`. */
export async function readModule(
  path: string,
  folder: string,
  key: string,
  files: PeerContext['files'],
  engine: EngineId = 'wasm'
): Promise<Uint8Array> {
  const full = isAbsolute(path) ? path : resolve(folder, path)
  if ((await files.stat(full))?.kind !== 'file') {
    throw new ShoalError('FILE_NOT_FOUND', `${key}: no such file: ${full}`, {
      next: `Check '${key}' in the job file; paths are relative to its folder.`
    })
  }
  const bytes = await files.read(full, { max: MODULE_MAX[engine] })
  const why = problem(engine, bytes)
  if (why === undefined) return bytes
  const [what, next] = WRONG[engine]
  throw new ShoalError('MODULE_INVALID', `${key}: ${full} ${what}${why}`, { next })
}
