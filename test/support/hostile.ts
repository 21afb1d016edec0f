/** Tasks that misbehave, each in its own way. */
import {
  command,
  DROP,
  exitWith,
  FD,
  forever,
  i32,
  looper,
  name,
  open,
  PATH_AT,
  printer,
  RIGHTS,
  section,
  UNREACHABLE,
  when
} from './wasm.ts'

/** Grows memory without end, and touches what it gets. */
export const memoryBomb = (): Uint8Array =>
  command({ body: () => forever(...i32(1), 0x40, 0, ...i32(-1), 0x46, ...when(UNREACHABLE)) })

export const endlessLoop = looper
export const stdoutFlood = (): Uint8Array => printer(1, 'flood '.repeat(100), 0)
export const recursion = (): Uint8Array => command({ body: call => call('_start') })

/** Opens a file outside of its folders; its exit code is what the host answered. */
export const pathEscape = (): Uint8Array =>
  command({
    imports: ['path_open', 'proc_exit'],
    data: [[PATH_AT, '../../etc/passwd']],
    body: call => exitWith(call, ...open(call, FD.in, PATH_AT, 16, 0, RIGHTS.read))
  })

/** A module that wants `env.open_socket`, which nobody offers. */
export const foreignImport = (): Uint8Array =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(2, 1, ...name('env'), ...name('open_socket'), 0, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...name('memory'), 2, 0, ...name('_start'), 0, 1),
    ...section(10, 1, 4, 0, 0x10, 0, 0x0b)
  ])

/** Writes `out/answer` and ends: the smallest job that works. */
export const honest = (): Uint8Array =>
  command({
    imports: ['path_open', 'fd_write'],
    data: [
      [PATH_AT, 'answer'],
      [16, Uint8Array.of(32, 0, 0, 0, 3, 0, 0, 0)],
      [32, '42\n']
    ],
    body: call => [
      ...[...open(call, FD.out, PATH_AT, 6, 1, RIGHTS.write), DROP],
      ...[...i32(512), 0x28, 2, 0, ...i32(16), ...i32(1), ...i32(8), ...call('fd_write'), DROP]
    ]
  })
