/** Runs inside a sandbox, tries to get out, and tells in one line of JSON what it could not do. */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { SCRATCH, type Canary } from '../sandbox/self-test.ts'

const codeOf = (e: unknown): string => (e instanceof Error && 'code' in e ? String(e.code) : '')

/** True when it fails, with one of these codes if any are named. */
function fails(act: () => unknown, ...codes: string[]): boolean {
  try {
    act()
    return false
  } catch (e) {
    return codes.length === 0 || codes.includes(codeOf(e))
  }
}

const status = new Map(
  readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .map(line => line.split(/:\s+/) as [string, string])
)
const none = (name: string): boolean => /^0+$/.test(status.get(name) ?? '')

function streamRefused(): Promise<boolean> {
  return new Promise(done => {
    const socket = connect({ host: '127.0.0.1', port: 9 })
    socket.once('error', e => done(['EAFNOSUPPORT', 'EPERM'].includes(codeOf(e))))
    socket.once('connect', () => done(false))
  })
}

function datagramRefused(): Promise<boolean> {
  return new Promise(done => {
    const socket = createSocket('udp4')
    socket.once('error', e => done(['EAFNOSUPPORT', 'EPERM'].includes(codeOf(e))))
    socket.bind(0, '127.0.0.1', () => done(false))
  })
}

/** Process numbers in sight: bubblewrap's first process, and this one. */
const MAX_PROCESSES = 3
const readOnly = ['/', '/usr/lib', '/dev', '/shoal'].every(folder =>
  fails(() => writeFileSync(`${folder}/canary`, 'x'), 'EROFS', 'EACCES', 'EPERM', 'ENOENT')
)

const found: Canary = {
  user:
    process.getuid?.() === 65534 &&
    ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every(none) &&
    status.get('NoNewPrivs') === '1',
  filter: status.get('Seccomp') === '2' && (await streamRefused()) && (await datagramRefused()),
  processes:
    readdirSync('/proc').filter(name => /^\d+$/.test(name)).length <= MAX_PROCESSES &&
    spawnSync(process.execPath, ['--version']).error !== undefined,
  environment:
    Object.keys(process.env).every(name => name === 'PWD') &&
    ['', 'PWD=/\0'].includes(readFileSync('/proc/1/environ', 'latin1')), // a shell's own
  files: ['/etc/passwd', '/home', '/root', '/var', '/usr/bin', '/boot', '/sys'].every(
    path => !existsSync(path)
  ),
  readOnly,
  quota: fails(() => writeFileSync(`${SCRATCH.inside}/canary`, new Uint8Array(SCRATCH.bytes * 2)), 'ENOSPC'),
  kernel: fails(() => writeFileSync('/proc/sys/kernel/core_pattern', 'x'))
}
writeSync(1, JSON.stringify(found))
process.exit(0)
