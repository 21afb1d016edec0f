/** Images for tests of containers, made here: the machine's static busybox and what a test puts beside it. */
import type { Context } from 'mocha'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { imageTar, type ImageConfig } from '../../src/executor/container/tar.ts'

const BUSYBOX = '/usr/bin/busybox'
const APPLETS = 'sh cat cp dd echo head id ln ls mkdir mv nc rm seq sleep touch unshare wc'.split(' ')

/** Skips unless podman, a static busybox and root are here. */
export function needContainers(test: Context): void {
  const podman = spawnSync('podman', ['--version']).status === 0
  if (podman && existsSync(BUSYBOX) && process.getuid?.() === 0 && process.arch === 'x64') return
  console.log(
    '      skipped: podman and a static busybox are not here, or this is not root on x86-64; bring them with: apt-get install --no-install-recommends podman runc busybox-static'
  )
  test.skip()
}

/** A shell and its tools, 2 MB. */
export const shellImage = (config: Partial<ImageConfig> = {}): Uint8Array =>
  imageTar(
    [
      { path: 'bin/busybox', data: new Uint8Array(readFileSync(BUSYBOX)) },
      ...APPLETS.map(name => ({ path: `bin/${name}`, link: 'busybox' })),
      { path: 'etc/secret-of-the-image', data: new Uint8Array(3), mode: 0o600 }
    ],
    { architecture: 'amd64', Cmd: ['/bin/sh'], ...config }
  )

const lines = (command: string, ...args: string[]): string[] =>
  spawnSync(command, args, { encoding: 'utf8' }).stdout.split('\n')

/** What jobs in containers left on this machine: containers, folders, mounts, process groups. */
export function containerLeftovers(): string[] {
  const ours = (name: string): boolean => name.includes('shoal-container-')
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap(e => (e.isDirectory() ? e.name : []))
  const root = '/sys/fs/cgroup'
  const groups = [...below(root), ...below(root).flatMap(name => below(`${root}/${name}`))].filter(ours)
  return [
    ...lines('podman', 'ps', '--all', '--format', '{{.Names}}').filter(ours),
    ...readdirSync(tmpdir()).filter(ours),
    ...readFileSync('/proc/mounts', 'utf8').split('\n').filter(ours),
    ...new Set(groups),
    ...lines('ps', '-eo', 'args').filter(line => ours(line) && line.includes('conmon'))
  ]
}
