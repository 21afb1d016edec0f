import { expect } from 'chai'
import type { CommandParts } from '../../support/wasm.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { Program } from '../../../src/executor/wasm/program.ts'
import { limitOf, runHere, text, tree } from '../../support/tasks.ts'
import {
  command,
  CREATE,
  DROP,
  exitWith,
  FD,
  forever,
  I32,
  i32,
  i64,
  name,
  open,
  PATH_AT,
  printer,
  RIGHTS,
  section,
  TRUNCATE,
  UNREACHABLE,
  when
} from '../../support/wasm.ts'

const ERRNO = {
  badf: 8,
  exist: 20,
  fault: 21,
  inval: 28,
  isdir: 31,
  noent: 44,
  notdir: 54,
  notempty: 55,
  notsup: 58,
  rofs: 69,
  xdev: 75,
  notcapable: 76
}

type Call = (name: string) => number[]

/** Runs what leaves an errno on the stack; gives the errno. */
function errno(
  imports: string[],
  path: string,
  body: (call: Call) => number[],
  task: Parameters<typeof runHere>[1] = {}
): number {
  const module = command({
    imports: ['proc_exit', ...imports],
    data: [[PATH_AT, path]],
    body: call => exitWith(call, ...body(call))
  })
  const { outcome } = runHere(module, task)
  if (outcome.status === 'done') return 0
  if (outcome.status === 'failed') return outcome.exitCode
  throw new Error(`${outcome.limit}: ${outcome.reason}`)
}

const opening = (path: string, fd: number = FD.in, flags = 0, rights: number = RIGHTS.read): number =>
  errno(['path_open'], path, call => open(call, fd, PATH_AT, text(path).length, flags, rights), {
    input: tree({ 'text.txt': 'abc', 'deep/er/file': 'x' })
  })

function refusalOf(module: Uint8Array): unknown {
  try {
    return new Program(module, 16)
  } catch (e) {
    return e
  }
}

/** Opens for writing, writes `length` bytes from `at`, leaves the errno of the write. */
const writeFile = (call: Call, fd: number, at: number, pathLength: number, length: number): number[] => [
  ...[...open(call, fd, at, pathLength, CREATE | TRUNCATE, RIGHTS.write), DROP],
  ...[...i32(256), ...i32(0), 0x36, 2, 0, ...i32(256), ...i32(length), 0x36, 2, 4],
  ...[...i32(512), 0x28, 2, 0, ...i32(256), ...i32(1), ...i32(264), ...call('fd_write')]
]

describe("a task's file system", () => {
  it('opens what is under /in', () => {
    for (const path of [
      'text.txt',
      './text.txt',
      'deep/er/file',
      'deep/../text.txt',
      'deep//er/./file',
      'deep/er/'
    ]) {
      expect(opening(path), path).to.equal(0)
    }
  })

  it('leads nowhere else: .., absolute paths, and names that are not there', () => {
    for (const path of ['../../etc/passwd', '..', 'deep/../../out', '/etc/passwd', '/in/text.txt']) {
      expect(opening(path), path).to.equal(ERRNO.notcapable)
    }
    expect(opening('etc/passwd')).to.equal(ERRNO.noent)
    expect(opening('gone/../text.txt')).to.equal(ERRNO.noent)
    expect(opening('text.txt/..')).to.equal(ERRNO.notdir)
    expect(opening('text.txt/')).to.equal(ERRNO.notdir)
    expect(opening('')).to.equal(ERRNO.noent)
  })

  it('does not open a path that climbs out of a folder opened inside', () => {
    const path = 'deep../text.txt'
    const climbs = errno(
      ['path_open'],
      path,
      call => [
        ...[...open(call, FD.in, PATH_AT, 4, 0, RIGHTS.read), DROP],
        ...[...i32(512), 0x28, 2, 0, ...i32(0), ...i32(PATH_AT + 4), ...i32(11), ...i32(0)],
        ...[...i64(RIGHTS.read), ...i64(0), ...i32(0), ...i32(512), ...call('path_open')]
      ],
      { input: tree({ 'text.txt': 'abc', 'deep/er/file': 'x' }) }
    )
    expect(climbs).to.equal(ERRNO.notcapable)
  })

  it('keeps /in as it is: no write, create, truncate, unlink, rename, folder', () => {
    expect(opening('text.txt', FD.in, 0, RIGHTS.both)).to.equal(ERRNO.rofs)
    expect(opening('text.txt', FD.in, TRUNCATE)).to.equal(ERRNO.rofs)
    expect(opening('new', FD.in, CREATE, RIGHTS.read)).to.equal(ERRNO.rofs)
    const input = tree({ a: 'abc', 'd/b': '' })
    const at = (call: Call, what: string, ...more: number[]): number[] => [
      ...i32(FD.in),
      ...i32(PATH_AT),
      ...i32(1),
      ...more,
      ...call(what)
    ]
    expect(errno(['path_unlink_file'], 'a', call => at(call, 'path_unlink_file'), { input })).to.equal(
      ERRNO.rofs
    )
    expect(
      errno(['path_remove_directory'], 'd', call => at(call, 'path_remove_directory'), { input })
    ).to.equal(ERRNO.rofs)
    expect(
      errno(['path_create_directory'], 'n', call => at(call, 'path_create_directory'), { input })
    ).to.equal(ERRNO.rofs)
    for (const to of [FD.in, FD.out]) {
      const rename = (call: Call): number[] => at(call, 'path_rename', ...i32(to), ...i32(PATH_AT), ...i32(1))
      expect(errno(['path_rename'], 'a', rename, { input })).to.equal(ERRNO.rofs)
    }
    const resize = (call: Call): number[] => [
      ...[...open(call, FD.in, PATH_AT, 1, 0, RIGHTS.read), DROP],
      ...[...i32(512), 0x28, 2, 0, ...i64(0), ...call('fd_filestat_set_size')]
    ]
    expect(errno(['path_open', 'fd_filestat_set_size'], 'a', resize, { input })).to.equal(ERRNO.badf)
  })

  it('refuses links and renames between trees', () => {
    const symlink = (call: Call): number[] => [
      ...i32(PATH_AT),
      ...i32(1),
      ...i32(FD.out),
      ...i32(PATH_AT),
      ...i32(1),
      ...call('path_symlink')
    ]
    expect(errno(['path_symlink'], 'a', symlink)).to.equal(ERRNO.notsup)
    const move = (call: Call): number[] => [
      ...[...open(call, FD.out, PATH_AT, 1, CREATE, RIGHTS.write), DROP],
      ...[
        ...i32(FD.out),
        ...i32(PATH_AT),
        ...i32(1),
        ...i32(FD.ckpt),
        ...i32(PATH_AT),
        ...i32(1),
        ...call('path_rename')
      ]
    ]
    expect(errno(['path_open', 'path_rename'], 'a', move)).to.equal(ERRNO.xdev)
  })

  it('refuses names that could not be packed', () => {
    for (const path of ['a\\b', 'x'.repeat(256), 'e\u0301']) {
      expect(opening(path, FD.out, CREATE, RIGHTS.write), path).to.equal(ERRNO.inval)
    }
  })

  it('answers EFAULT, not with a crash, for addresses outside the memory', () => {
    const far = 0x7ffffff0
    const cases: [string, (call: Call) => number[]][] = [
      ['random_get', call => [...i32(far), ...i32(8), ...call('random_get')]],
      ['random_get', call => [...i32(0), ...i32(-1), ...call('random_get')]],
      ['clock_time_get', call => [...i32(0), ...i64(0), ...i32(-4), ...call('clock_time_get')]],
      ['fd_write', call => [...i32(1), ...i32(far), ...i32(1), ...i32(0), ...call('fd_write')]],
      ['args_get', call => [...i32(65535), ...i32(65535), ...call('args_get')]],
      ['path_open', call => open(call, FD.in, far, 100, 0, RIGHTS.read)]
    ]
    for (const [imported, body] of cases) {
      expect(errno([imported], 'x', body, { gas: 10n ** 12n }), imported).to.equal(ERRNO.fault)
    }
  })

  it('collects /out, and keeps it to its bytes and files', () => {
    const path = 'sub'
    const one = command({
      imports: ['path_open', 'fd_write', 'path_create_directory'],
      data: [[PATH_AT, 'sub/file']],
      body: call => [
        ...[...i32(FD.out), ...i32(PATH_AT), ...i32(path.length), ...call('path_create_directory'), DROP],
        ...[...writeFile(call, FD.out, PATH_AT, 8, 5), DROP]
      ]
    })
    expect([...runHere(one).output]).to.deep.equal([['sub/file', new Uint8Array(5)]])
    expect(limitOf(runHere(one, { outputBytes: 4 }).outcome)).to.equal('output')
    const grow = command({
      imports: ['path_open', 'fd_filestat_set_size'],
      data: [[PATH_AT, 'a']],
      body: call => [
        ...[...open(call, FD.out, PATH_AT, 1, CREATE, RIGHTS.write), DROP],
        ...[...i32(512), 0x28, 2, 0, ...i64(2n ** 40n), ...call('fd_filestat_set_size'), DROP]
      ]
    })
    expect(limitOf(runHere(grow, { gas: 10n ** 15n }).outcome)).to.equal('output')
  })

  it('counts files that are unlinked but still open', () => {
    const hoard = command({
      imports: ['path_open', 'fd_write', 'path_unlink_file'],
      data: [[PATH_AT, 'a']],
      body: call =>
        forever(
          ...[...writeFile(call, FD.out, PATH_AT, 1, 1000), DROP],
          ...[...i32(FD.out), ...i32(PATH_AT), ...i32(1), ...call('path_unlink_file'), DROP]
        )
    })
    expect(limitOf(runHere(hoard).outcome)).to.equal('output')
  })

  it('stops a task that makes files without end', () => {
    const many = command({
      imports: ['path_open', 'fd_close'],
      data: [[PATH_AT, 'aaaaaaaa']],
      locals: 1,
      body: call =>
        forever(
          ...[
            ...i32(PATH_AT),
            0x20,
            0,
            ...i32(1),
            0x6a,
            0x22,
            0,
            ...i32(0x3f3f3f3f),
            0x71,
            ...i32(0x40404040),
            0x72,
            0x36,
            0,
            0
          ],
          ...[...open(call, FD.out, PATH_AT, 8, CREATE, RIGHTS.write), DROP],
          ...[...i32(512), 0x28, 2, 0, ...call('fd_close'), DROP]
        )
    })
    const { outcome } = runHere(many)
    expect(outcome).to.deep.include({ limit: 'output', reason: '/out would hold more than 4096 files' })
  })
})

describe("a task's output", () => {
  it('is cut into lines; progress is told from log', () => {
    const lines = '{"progress":0.5,"note":"half"}\nplain\n{"progress":2}\n{"other":1}\n{"progress":"x"}\nend'
    const { lines: log, progress } = runHere(printer(1, lines, 1))
    expect(progress).to.deep.equal([0.5])
    expect(log).to.deep.equal([
      'out:plain',
      'out:{"progress":2}',
      'out:{"other":1}',
      'out:{"progress":"x"}',
      'out:end'
    ])
    expect(runHere(printer(2, '{"progress":1}\n', 1)).lines).to.deep.equal(['err:{"progress":1}'])
  })

  it('cuts a line that is too long', () => {
    const { lines } = runHere(printer(1, 'x'.repeat(20_000) + '\nnext\n', 1))
    expect(lines.map(l => l.length)).to.deep.equal([4 + 8192, 8])
  })

  it('ends a flood at the limit log', () => {
    for (const fd of [1, 2]) expect(limitOf(runHere(printer(fd, 'flood\n', 0)).outcome)).to.equal('log')
  })
})

describe("a task's end", () => {
  const end = (parts: CommandParts, task = {}) => runHere(command(parts), task).outcome

  it('is done, an exit code, or a trap', () => {
    expect(end({ body: () => [] })).to.deep.equal({ status: 'done' })
    expect(end({ imports: ['proc_exit'], body: call => exitWith(call, ...i32(0)) })).to.deep.equal({
      status: 'done'
    })
    expect(end({ imports: ['proc_exit'], body: call => exitWith(call, ...i32(7)) })).to.include({
      status: 'failed',
      exitCode: 7
    })
    expect(end({ body: () => [UNREACHABLE] })).to.include({ status: 'failed', exitCode: 134 })
    expect(end({ body: () => [...i32(1), ...i32(0), 0x6d, DROP] })).to.deep.include({
      status: 'failed',
      reason: 'trap: divide by zero'
    })
  })

  it('is the limit gas, memory or stack by name', () => {
    expect(limitOf(end({ body: () => forever() }, { gas: 10_000_000n }))).to.equal('gas')
    expect(limitOf(end({ body: call => call('_start') }, { gas: 10n ** 15n }))).to.equal('stack')
    const bomb = [...i32(1), 0x40, 0, ...i32(-1), 0x46, ...when(UNREACHABLE)]
    expect(limitOf(end({ body: () => forever(...bomb) }))).to.equal('memory')
  })

  it('reports a trap as a trap when memory was never refused', () => {
    expect(end({ body: () => [...i32(1), 0x40, 0, DROP, UNREACHABLE] })).to.include({ status: 'failed' })
  })

  it('costs the same gas each time, also at the limit', () => {
    const flood = printer(1, 'flood\n', 0)
    expect(runHere(flood).gas).to.equal(runHere(flood).gas)
    expect(runHere(command({ body: () => forever() }), { gas: 12_345n }).gas).to.equal(12_345n)
  })
})

describe('what a task may import', () => {
  const withImport = (module: string, field: string, type: number[]): Uint8Array =>
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, ...type),
      ...section(2, 1, ...name(module), ...name(field), 0, 0)
    ])

  it('names an import that is not offered', () => {
    for (const [module, field] of [
      ['env', 'system'],
      ['wasi_snapshot_preview1', 'sock_open'],
      ['wasi_unstable', 'fd_write'],
      ['wasi_snapshot_preview1', 'toString']
    ] as const) {
      const error = refusalOf(withImport(module, field, [0x60, 0, 0]))
      expect(isShoalError(error, 'MODULE_IMPORT') && error.message).to.contain(`${module}.${field}`)
    }
  })

  it('refuses a host call with another type', () => {
    const error = refusalOf(withImport('wasi_snapshot_preview1', 'fd_close', [0x60, 2, I32, I32, 1, I32]))
    expect(isShoalError(error, 'MODULE_IMPORT')).to.equal(true)
  })

  it('refuses a module that is no command', () => {
    const bare = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    expect(isShoalError(refusalOf(bare), 'MODULE_INVALID')).to.equal(true)
    expect(isShoalError(refusalOf(text('MZ not wasm')), 'MODULE_INVALID')).to.equal(true)
  })
})

describe("a task's world", () => {
  /** Writes what the call left in memory (`length` bytes at 0) to /out/a. */
  const dump = (imports: string[], length: number, body: (call: Call) => number[]): Uint8Array =>
    command({
      imports: ['path_open', 'fd_write', ...imports],
      data: [[PATH_AT, 'a']],
      body: call => [...body(call), ...writeFile(call, FD.out, PATH_AT, 1, length), DROP]
    })
  const out = (module: Uint8Array, task = {}): Uint8Array =>
    runHere(module, task).output.get('a') ?? new Uint8Array(0)

  it('has a clock that counts calls from 0 and sleeps without waiting', () => {
    const look = (call: Call, at: number): number[] => [
      ...i32(0),
      ...i64(0),
      ...i32(at),
      ...call('clock_time_get'),
      DROP
    ]
    const sleep = (call: Call): number[] => [
      ...[...i32(2048 + 24), ...i64(3_600_000_000_000n), 0x37, 3, 0],
      ...[...i32(2048), ...i32(3072), ...i32(1), ...i32(3200), ...call('poll_oneoff'), DROP]
    ]
    const bytes = out(
      dump(['clock_time_get', 'poll_oneoff'], 24, call => [
        ...look(call, 0),
        ...look(call, 8),
        ...sleep(call),
        ...look(call, 16)
      ])
    )
    const times = Array.from(new BigUint64Array(bytes.slice().buffer))
    expect(times).to.deep.equal([1_000_000n, 2_000_000n, 3_600_004_000_000n])
  })

  it('has random bytes that come from the seed alone', () => {
    const module = dump(['random_get'], 32, call => [
      ...[...i32(0), ...i32(20), ...call('random_get'), DROP],
      ...[...i32(20), ...i32(12), ...call('random_get'), DROP]
    ])
    const zero = out(module)
    // RFC 8439, A.1, test vector 1: key, nonce and counter 0.
    expect(Buffer.from(zero).toString('hex')).to.equal(
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7'
    )
    expect(out(module, { seed: new Uint8Array(32).fill(1) })).to.not.deep.equal(zero)
  })

  it("has its arguments and a sorted environment with its shard, not the host's", () => {
    const args = dump(['args_get'], 12, call => [...i32(2048), ...i32(0), ...call('args_get'), DROP])
    expect(Buffer.from(out(args, { args: ['é', 'b'] })).toString()).to.equal('task\0é\0b\0\0\0')
    const env = dump(['environ_get'], 42, call => [...i32(2048), ...i32(0), ...call('environ_get'), DROP])
    const told = Buffer.from(
      out(env, { env: { Z: '1', A: '2', SHOAL_SHARD: '9' }, shard: 3, shards: 8 })
    ).toString()
    expect(told).to.equal('A=2\0SHOAL_SHARD=3\0SHOAL_SHARDS=8\0Z=1\0\0\0\0\0\0'.slice(0, told.length))
  })
})

describe("a task's checkpoints", () => {
  const rename = (call: Call): number[] => [
    ...[
      ...i32(FD.ckpt),
      ...i32(PATH_AT),
      ...i32(1),
      ...i32(FD.ckpt),
      ...i32(PATH_AT + 1),
      ...i32(1),
      ...call('path_rename'),
      DROP
    ]
  ]

  it('are taken at each rename in /ckpt, with all that is there', () => {
    const module = command({
      imports: ['path_open', 'fd_write', 'path_rename'],
      data: [[PATH_AT, 'ab']],
      body: call => [1, 2].flatMap(n => [...writeFile(call, FD.ckpt, PATH_AT, 1, n), DROP, ...rename(call)])
    })
    const { checkpoints } = runHere(module, { checkpoint: tree({ old: 'x' }) })
    expect(checkpoints.map(c => [...c].map(([path, data]) => `${path}:${data.length}`))).to.deep.equal([
      ['b:1', 'old:1'],
      ['b:2', 'old:1']
    ])
  })

  it('are paid for by their size', () => {
    const saver = (size: number): Uint8Array =>
      command({
        imports: ['path_open', 'fd_write', 'path_rename'],
        data: [[PATH_AT, 'ab']],
        body: call => [...writeFile(call, FD.ckpt, PATH_AT, 1, size), DROP, ...rename(call)]
      })
    expect(runHere(saver(50_000)).gas - runHere(saver(0)).gas >= 50_000n).to.equal(true)
  })
})
