/** Hostile modules for the wasm engine, and how each must end: at a limit, refused, or with a task that is told an error number. */
import type { RunLimits } from '../../src/protocol/ports/engine.ts'
import { CREATE, DROP, FD, I32, I64, PATH_AT, RIGHTS, TRUNCATE, UNREACHABLE } from '../support/wasm.ts'
import {
  command,
  exitWith,
  forever,
  i32,
  i64,
  looper,
  name,
  open,
  printer,
  section,
  uleb,
  when
} from '../support/wasm.ts'

export interface HostileModule {
  readonly name: string
  readonly module: Uint8Array
  readonly limits?: Partial<RunLimits>
  /** A limit's name, a refusal's code, `trap`, `exit N`, or `done`. */
  readonly want: string
}

type Call = (name: string) => number[]

/** A command that opens a path and exits with the error number. */
const opens = (path: string, fd: number = FD.in, flags = 0, rights: number = RIGHTS.read): Uint8Array =>
  command({
    imports: ['path_open', 'proc_exit'],
    data: [[PATH_AT, path]],
    body: call => exitWith(call, ...open(call, fd, PATH_AT, path.length, flags, rights))
  })

/** A command that makes one host call with these arguments and exits with its answer. */
const calls = (what: string, ...args: number[][]): Uint8Array =>
  command({ imports: [what, 'proc_exit'], body: call => exitWith(call, ...args.flat(), ...call(what)) })

const raw = (...sections: number[][]): Uint8Array =>
  Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()])

/** Makes files a, b, c... of `bytes` each until it is told no, and then goes on for ever. */
const fills = (fd: number, bytes: number): Uint8Array =>
  command({
    imports: ['path_open', 'fd_filestat_set_size'],
    data: [[PATH_AT, 'f']],
    body: call => [
      ...[...open(call, fd, PATH_AT, 1, CREATE, RIGHTS.both), DROP],
      ...forever(...i32(512), 0x28, 2, 0, ...i64(bytes), ...call('fd_filestat_set_size'), DROP)
    ]
  })

const manyFiles = command({
  imports: ['path_open', 'fd_close'],
  data: [[PATH_AT, 'aaaa']],
  body: call =>
    forever(
      // the name counts up in its four letters
      ...[...i32(PATH_AT), ...i32(PATH_AT), 0x28, 2, 0, ...i32(1), 0x6a, 0x36, 2, 0],
      ...[...open(call, FD.out, PATH_AT, 4, CREATE, RIGHTS.write), DROP],
      ...[...i32(512), 0x28, 2, 0, ...call('fd_close'), DROP]
    )
})

const leaky = command({
  imports: ['path_open'],
  data: [[PATH_AT, 'f']],
  body: call => forever(...open(call, FD.out, PATH_AT, 1, CREATE, RIGHTS.write), DROP)
})

const grows = [...i32(1), 0x40, 0, ...i32(-1), 0x46, ...when(UNREACHABLE)]
const checkpoints = (call: Call): number[] =>
  forever(
    ...[...open(call, FD.ckpt, PATH_AT, 1, CREATE | TRUNCATE, RIGHTS.write), DROP],
    ...[...i32(512), 0x28, 2, 0, ...call('fd_close'), DROP],
    ...[FD.ckpt, PATH_AT, 1, FD.ckpt, PATH_AT + 1, 1].flatMap(i32),
    ...[...call('path_rename'), DROP]
  )

/** One function of `length` additions: a compiler works longer on it than it may. */
function longFunction(length: number): Uint8Array {
  const body = [0, ...i32(0), ...Array.from({ length }, () => [...i32(3), 0x6a]).flat(), DROP, 0x0b]
  return raw(
    section(1, 1, 0x60, 0, 0),
    section(3, 1, 0),
    section(5, 1, 0, 1),
    section(7, 2, ...name('memory'), 2, 0, ...name('_start'), 0, 0),
    [10, ...uleb(1 + uleb(body.length).length + body.length), 1, ...uleb(body.length), ...body]
  )
}

const nested = (depth: number): Uint8Array =>
  command({
    body: () => [
      ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
      ...new Array<number>(depth).fill(0x0b)
    ]
  })

const importing = (module: string, item: string, ...kind: number[]): Uint8Array =>
  raw(section(1, 1, 0x60, 0, 0), section(2, 1, ...name(module), ...name(item), ...kind))

const LONG = { gas: 10n ** 15n, wallMs: 1_000 }
const ERRNO = { badf: 8, fault: 21, ilseq: 25, notcapable: 76, rofs: 69 }

const limits: readonly HostileModule[] = [
  { name: 'loops for ever', module: looper(), limits: { gas: 1_000_000n }, want: 'gas' },
  { name: 'loops for ever with gas to burn', module: looper(), limits: LONG, want: 'wall' },
  { name: 'memory bomb', module: command({ body: () => forever(...grows) }), limits: LONG, want: 'memory' },
  {
    name: 'begins with all memory there is',
    module: command({ memory: [65_536], body: () => [] }),
    want: 'LIMIT_MEMORY'
  },
  {
    name: 'calls itself for ever',
    module: command({ body: call => call('_start') }),
    limits: LONG,
    want: 'stack'
  },
  { name: 'floods its log', module: printer(1, 'flood '.repeat(100), 0), want: 'log' },
  {
    name: 'floods its log with control characters',
    module: printer(2, '\u001b[2J\n'.repeat(100), 0),
    want: 'log'
  },
  { name: 'writes a line without end', module: printer(1, 'x'.repeat(1_000), 0), want: 'log' },
  {
    name: 'floods with progress',
    module: printer(1, '{"progress":0.5}\n', 0),
    limits: { gas: 5_000_000n },
    want: 'log'
  },
  {
    name: 'fills its output',
    module: fills(FD.out, 1_000_000_000),
    limits: { gas: 5_000_000n },
    want: 'gas'
  },
  {
    name: 'fills its checkpoint',
    module: fills(FD.ckpt, 1_000_000_000),
    limits: { gas: 5_000_000n },
    want: 'gas'
  },
  { name: 'makes files without end', module: manyFiles, limits: LONG, want: 'output' },
  { name: 'opens files without end', module: leaky, limits: { gas: 50_000_000n }, want: 'gas' },
  {
    name: 'saves checkpoints without end',
    module: command({
      imports: ['path_open', 'path_rename', 'fd_close'],
      data: [[PATH_AT, 'ab']],
      body: checkpoints
    }),
    limits: { gas: 10_000_000n },
    want: 'gas'
  },
  {
    name: 'asks for random bytes without end',
    module: command({
      imports: ['random_get'],
      body: call => forever(...i32(0), ...i32(65_536), ...call('random_get'), DROP)
    }),
    limits: { gas: 50_000_000n },
    want: 'gas'
  },
  {
    name: 'copies memory for one instruction',
    module: command({ body: () => forever(...i32(0), ...i32(1), ...i32(60_000), 0xfc, 10, 0, 0) }),
    limits: { gas: 50_000_000n },
    want: 'gas'
  },
  {
    name: 'fills memory for one instruction',
    module: command({ body: () => forever(...i32(0), ...i32(1), ...i32(60_000), 0xfc, 11, 0) }),
    limits: { gas: 50_000_000n },
    want: 'gas'
  }
]

const refused: readonly HostileModule[] = [
  { name: 'is no module', module: new TextEncoder().encode('#!/bin/sh\ncurl'), want: 'MODULE_INVALID' },
  { name: 'is larger than allowed', module: new Uint8Array(2_000_000), want: 'LIMIT_MODULE' },
  {
    name: 'refills its gas by the index of the meter',
    module: command({ body: () => [...i64(1 << 30), 0x24, 0] }),
    want: 'MODULE_INVALID'
  },
  {
    name: 'refills its gas by the name of the meter',
    module: raw(section(6, 1, I64, 1, ...i64(5), 0x0b), section(7, 1, ...name('shoal:gas'), 3, 0)),
    want: 'MODULE_INVALID'
  },
  {
    name: 'runs before its start',
    module: command({ body: () => [], extra: [section(8, 0)] }),
    want: 'MODULE_INVALID'
  },
  { name: 'imports a function of the host', module: importing('env', 'system', 0, 0), want: 'MODULE_IMPORT' },
  {
    name: 'imports a socket',
    module: importing('wasi_snapshot_preview1', 'sock_open', 0, 0),
    want: 'MODULE_IMPORT'
  },
  { name: 'imports a memory', module: importing('env', 'memory', 2, 0, 1), want: 'MODULE_INVALID' },
  { name: 'imports a global', module: importing('env', 'gas', 3, I32, 1), want: 'MODULE_INVALID' },
  { name: 'shares its memory with threads', module: raw(section(5, 1, 3, 1, 1)), want: 'MODULE_INVALID' },
  {
    name: 'hides memory in a table',
    module: raw(section(4, 1, 0x70, 0, ...uleb(9_000_000))),
    want: 'MODULE_INVALID'
  },
  {
    name: 'throws exceptions past the meter',
    module: command({ body: () => [0x06, 0x40, 0x0b] }),
    want: 'MODULE_INVALID'
  },
  {
    name: 'exports nothing to start',
    module: raw(section(5, 1, 0, 1), section(7, 1, ...name('memory'), 2, 0)),
    want: 'MODULE_INVALID'
  },
  {
    name: 'compile bomb: one endless function',
    module: longFunction(300_000),
    limits: { moduleBytes: 8_000_000, wallMs: 1_000 },
    want: 'LIMIT_WALL|done'
  },
  { name: 'compile bomb: blocks in blocks in blocks', module: nested(20_000), want: 'done' }
]

const host: readonly HostileModule[] = [
  { name: 'climbs out of its input', module: opens('../../etc/passwd'), want: `exit ${ERRNO.notcapable}` },
  { name: 'opens an absolute path', module: opens('/etc/passwd'), want: `exit ${ERRNO.notcapable}` },
  {
    name: 'opens a path with a hidden end',
    module: opens('a\0b'),
    want: `exit ${ERRNO.ilseq}`
  },
  {
    name: 'writes into its input',
    module: opens('new', FD.in, CREATE, RIGHTS.write),
    want: `exit ${ERRNO.rofs}`
  },
  {
    name: 'reads a descriptor that is not its own',
    module: calls('fd_close', i32(1_000)),
    want: `exit ${ERRNO.badf}`
  },
  {
    name: 'gives an address outside its memory',
    module: calls('random_get', i32(-16), i32(64)),
    want: `exit ${ERRNO.fault}`
  },
  {
    name: 'makes a link',
    module: calls('path_symlink', i32(0), i32(4), i32(FD.out), i32(8), i32(4)),
    want: 'exit 58'
  },
  {
    name: 'reads memory that is not there',
    module: command({ body: () => [...i32(-4), 0x28, 2, 0, DROP] }),
    want: 'trap'
  },
  { name: 'traps', module: command({ body: () => [UNREACHABLE] }), want: 'trap' }
]

export const modules: readonly HostileModule[] = [...limits, ...refused, ...host]
