/**
 * The host calls of WASI preview 1 and their types: parameters, `i` for i32 and `I` for i64, and `:i` when there is a result.
 * A module may import these and nothing else, with these types and no others.
 */
import type { FunctionType, ImportedFunction } from '../gas/sections.ts'
import { ShoalError } from '../../../protocol/errors.ts'

export const WASI_MODULE = 'wasi_snapshot_preview1'

const SIGNATURES: Readonly<Record<string, string>> = {
  args_get: 'ii:i',
  args_sizes_get: 'ii:i',
  environ_get: 'ii:i',
  environ_sizes_get: 'ii:i',
  clock_res_get: 'ii:i',
  clock_time_get: 'iIi:i',
  fd_advise: 'iIIi:i',
  fd_allocate: 'iII:i',
  fd_close: 'i:i',
  fd_datasync: 'i:i',
  fd_fdstat_get: 'ii:i',
  fd_fdstat_set_flags: 'ii:i',
  fd_fdstat_set_rights: 'iII:i',
  fd_filestat_get: 'ii:i',
  fd_filestat_set_size: 'iI:i',
  fd_filestat_set_times: 'iIIi:i',
  fd_pread: 'iiiIi:i',
  fd_prestat_get: 'ii:i',
  fd_prestat_dir_name: 'iii:i',
  fd_pwrite: 'iiiIi:i',
  fd_read: 'iiii:i',
  fd_readdir: 'iiiIi:i',
  fd_renumber: 'ii:i',
  fd_seek: 'iIii:i',
  fd_sync: 'i:i',
  fd_tell: 'ii:i',
  fd_write: 'iiii:i',
  path_create_directory: 'iii:i',
  path_filestat_get: 'iiiii:i',
  path_filestat_set_times: 'iiiiIIi:i',
  path_link: 'iiiiiii:i',
  path_open: 'iiiiiIIii:i',
  path_readlink: 'iiiiii:i',
  path_remove_directory: 'iii:i',
  path_rename: 'iiiiii:i',
  path_symlink: 'iiiii:i',
  path_unlink_file: 'iii:i',
  poll_oneoff: 'iiii:i',
  proc_exit: 'i',
  proc_raise: 'i:i',
  random_get: 'ii:i',
  sched_yield: ':i',
  sock_accept: 'iii:i',
  sock_recv: 'iiiiii:i',
  sock_send: 'iiiii:i',
  sock_shutdown: 'ii:i'
}

export const WASI_CALLS: readonly string[] = Object.keys(SIGNATURES)

const letter = (type: number): string => (type === 0x7f ? 'i' : type === 0x7e ? 'I' : '?')

function spell(type: FunctionType): string {
  const side = (types: readonly number[]): string => types.map(letter).join('')
  return type.results.length === 0 ? side(type.params) : `${side(type.params)}:${side(type.results)}`
}

/** MODULE_IMPORT, with the import's name, when the module asks for what is not offered. */
export function checkImports(imports: readonly ImportedFunction[]): void {
  for (const { module, name, type } of imports) {
    const offered = module === WASI_MODULE && Object.hasOwn(SIGNATURES, name) ? SIGNATURES[name] : undefined
    if (offered === spell(type)) continue
    const full = `${module}.${name}`.slice(0, 200)
    const problem = offered === undefined ? 'which is not offered' : 'with a type that does not fit'
    throw new ShoalError('MODULE_IMPORT', `The module imports ${full}, ${problem}.`, {
      data: { import: full },
      next: `Build it as a WASI preview 1 command: only functions of ${WASI_MODULE} can be imported.`
    })
  }
}
