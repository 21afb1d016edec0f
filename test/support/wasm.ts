/** A tiny assembler for test modules: hostile ones are easier to write by hand than to get out of a compiler. */

export const I32 = 0x7f
export const I64 = 0x7e

export function sleb(value: number | bigint): number[] {
  const n = BigInt(value)
  const low = Number(n & 127n)
  const rest = n >> 7n
  return (rest === 0n && low < 64) || (rest === -1n && low >= 64) ? [low] : [low | 128, ...sleb(rest)]
}

export function uleb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...uleb(Math.floor(value / 128))]
}

export const i32 = (value: number): number[] => [0x41, ...sleb(value)]
export const i64 = (value: number | bigint): number[] => [0x42, ...sleb(value)]
export const forever = (...body: number[]): number[] => [0x03, 0x40, ...body, 0x0c, 0, 0x0b]
export const DROP = 0x1a
export const UNREACHABLE = 0x00
/** if (condition on the stack) { then } */
export const when = (...then: number[]): number[] => [0x04, 0x40, ...then, 0x0b]

const bytesOf = (s: string | Uint8Array): Uint8Array =>
  typeof s === 'string' ? new TextEncoder().encode(s) : s
export const name = (s: string): number[] => [...uleb(bytesOf(s).length), ...bytesOf(s)]
export const section = (id: number, ...data: number[]): number[] => [id, ...uleb(data.length), ...data]
const vector = (items: readonly (readonly number[])[]): number[] => [...uleb(items.length), ...items.flat()]

/** Parameters and results of the host calls that tests use. */
const WASI: Record<string, [number[], number[]]> = {
  proc_exit: [[I32], []],
  fd_write: [[I32, I32, I32, I32], [I32]],
  fd_read: [[I32, I32, I32, I32], [I32]],
  fd_close: [[I32], [I32]],
  fd_seek: [[I32, I64, I32, I32], [I32]],
  fd_filestat_set_size: [[I32, I64], [I32]],
  fd_readdir: [[I32, I32, I32, I64, I32], [I32]],
  path_open: [[I32, I32, I32, I32, I32, I64, I64, I32, I32], [I32]],
  path_rename: [[I32, I32, I32, I32, I32, I32], [I32]],
  path_unlink_file: [[I32, I32, I32], [I32]],
  path_create_directory: [[I32, I32, I32], [I32]],
  path_remove_directory: [[I32, I32, I32], [I32]],
  path_filestat_get: [[I32, I32, I32, I32, I32], [I32]],
  path_symlink: [[I32, I32, I32, I32, I32], [I32]],
  random_get: [[I32, I32], [I32]],
  clock_time_get: [[I32, I64, I32], [I32]],
  poll_oneoff: [[I32, I32, I32, I32], [I32]],
  args_sizes_get: [[I32, I32], [I32]],
  args_get: [[I32, I32], [I32]],
  environ_get: [[I32, I32], [I32]],
  environ_sizes_get: [[I32, I32], [I32]]
}

export interface CommandParts {
  readonly imports?: readonly string[]
  /** Pages at the start, and at most. */
  readonly memory?: readonly [number] | readonly [number, number]
  readonly data?: readonly (readonly [number, string | Uint8Array])[]
  /** How many i32 locals `_start` has. */
  readonly locals?: number
  readonly body: (call: (name: string) => number[]) => number[]
  /** Sections put in as they are, sorted in by their ids. */
  readonly extra?: readonly number[][]
}

/** A WASI command: exports `memory` and `_start`. */
export function command(parts: CommandParts): Uint8Array {
  const imports = parts.imports ?? []
  const types = imports.map(i => WASI[i] ?? [[], []])
  const call = (wanted: string): number[] => {
    const index = wanted === '_start' ? imports.length : imports.indexOf(wanted)
    if (index < 0) throw new Error(`${wanted} is not imported`)
    return [0x10, ...uleb(index)]
  }
  const body = [...(parts.locals ? [1, ...uleb(parts.locals), I32] : [0]), ...parts.body(call), 0x0b]
  const limits = parts.memory ?? [1]
  const sections = [
    section(
      1,
      ...vector(
        [...types, [[], []] as const].map(([p, r]) => [
          0x60,
          ...vector(p.map(t => [t])),
          ...vector(r.map(t => [t]))
        ])
      )
    ),
    section(
      2,
      ...vector(imports.map((i, n) => [...name('wasi_snapshot_preview1'), ...name(i), 0, ...uleb(n)]))
    ),
    section(3, 1, ...uleb(imports.length)),
    section(5, 1, limits.length - 1, ...limits.flatMap(uleb)),
    section(
      7,
      ...vector([
        [...name('memory'), 2, 0],
        [...name('_start'), 0, ...uleb(imports.length)]
      ])
    ),
    section(10, 1, ...uleb(body.length), ...body),
    section(
      11,
      ...vector(
        (parts.data ?? []).map(([at, d]) => [0, ...i32(at), 0x0b, ...uleb(bytesOf(d).length), ...bytesOf(d)])
      )
    ),
    ...(parts.extra ?? [])
  ]
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...sections.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)).flat()
  ])
}

/** Ends with the exit code on the stack. */
export const exitWith = (call: (name: string) => number[], ...code: number[]): number[] => [
  ...code,
  ...call('proc_exit')
]

export const PATH_AT = 1024
export const RIGHTS = { read: 2, write: 64, both: 66 } as const
export const CREATE = 1
export const TRUNCATE = 8
/** Descriptors of the folders. */
export const FD = { in: 3, out: 4, ckpt: 5 } as const

/** path_open of the string at `at`; the errno is left on the stack, the descriptor in memory at 512. */
export const open = (
  call: (name: string) => number[],
  fd: number,
  at: number,
  length: number,
  flags: number,
  rights: number
): number[] => [
  ...[...i32(fd), ...i32(0), ...i32(at), ...i32(length), ...i32(flags)],
  ...[...i64(rights), ...i64(0), ...i32(0), ...i32(512), ...call('path_open')]
]

/** A command that writes the text `times` times (0: for ever) to a stream. */
export const printer = (fd: number, text: string, times: number): Uint8Array =>
  command({
    imports: ['fd_write'],
    locals: 1,
    data: [
      [0, Uint8Array.of(16, 0, 0, 0, ...new Uint8Array(new Uint32Array([text.length]).buffer))],
      [16, text]
    ],
    memory: [2],
    body: call => {
      const write = [...i32(fd), ...i32(0), ...i32(1), ...i32(8), ...call('fd_write'), DROP]
      if (times === 0) return forever(...write)
      const next = [0x20, 0, ...i32(1), 0x6a, 0x22, 0, ...i32(times), 0x49, 0x0d, 0]
      return [0x03, 0x40, ...write, ...next, 0x0b]
    }
  })

/** A command that makes files (or one file) in a folder, with `size` bytes each, and renames each to itself when asked. */
export const looper = (): Uint8Array => command({ body: () => forever() })
