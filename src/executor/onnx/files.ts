/** Arrays in a task's input and output files, by the ending of their names. */
import { ShoalError } from '../../protocol/errors.ts'
import { formatCsv, parseCsv } from './csv.ts'
import { formatNpy, parseNpy } from './npy.ts'
import type { Tensor } from './tensor.ts'

export type FileTree = ReadonlyMap<string, Uint8Array>

/** LIMIT_INPUT when it is not there or no array. */
export function fileOf(tree: FileTree, path: string): Uint8Array {
  const bytes = tree.get(path)
  if (bytes !== undefined) return bytes
  const names = [...tree.keys()].slice(0, 8).join(', ')
  throw new ShoalError('LIMIT_INPUT', `There is no /in/${path.slice(0, 100)}.`, {
    next: `Name it under 'inputs' in the job file; there are: ${names === '' ? 'none' : names}.`
  })
}

export function readArray(tree: FileTree, path: string): Tensor {
  const bytes = fileOf(tree, path)
  if (path.endsWith('.npy')) return parseNpy(bytes, path)
  if (path.endsWith('.csv')) return parseCsv(bytes, path)
  throw new ShoalError('LIMIT_INPUT', `/in/${path.slice(0, 100)} is neither .npy nor .csv.`)
}

export const formatArray = (t: Tensor, format: 'npy' | 'csv'): Uint8Array =>
  format === 'csv' ? formatCsv(t) : formatNpy(t)

/** File names for graph names: what a path cannot hold becomes `_`, and no two are the same. */
export function fileNames(names: readonly string[], ending: string): string[] {
  const taken = new Set<string>()
  return names.map((name, i) => {
    const plain = name
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^\.+/, '_')
      .slice(0, 100)
    const unique = plain === '' || taken.has(plain) ? `${plain}-${i}` : plain
    taken.add(unique)
    return `${unique}.${ending}`
  })
}
