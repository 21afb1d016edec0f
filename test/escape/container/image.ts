/** The image that hostile programs run in: this machine's own Perl and its libraries, and what attacks on a container need lying about. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { imageTar, type TarEntry } from '../../../src/executor/container/tar.ts'

export const PERL = '/usr/bin/perl'
/** As `realpath` gives them: folders of Debian's perl-base. */
const MODULES = /\/perl-base$/
/** Tables of Unicode: larger than all the rest, and no program needs them. */
const LEFT_OUT = new Set(['unicore'])

const run = (command: string, ...args: string[]): string =>
  spawnSync(command, args, { encoding: 'utf8' }).stdout ?? ''

const file = (path: string, mode = 0o755): TarEntry => ({
  path: path.slice(1),
  data: new Uint8Array(readFileSync(path)),
  mode
})

/** Libraries by the paths under which programs ask for them. */
const libraries = (program: string): TarEntry[] =>
  [...run('ldd', program).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => file(path))

function folder(path: string): TarEntry[] {
  return readdirSync(path, { withFileTypes: true })
    .filter(entry => !LEFT_OUT.has(entry.name))
    .flatMap(entry => {
      const full = join(path, entry.name)
      return entry.isDirectory() ? folder(full) : file(realpathSync(full), 0o644)
    })
}

/** Where the image's own folders are open to all: who writes there writes into the root folder. */
export const OPEN_FOLDER = '/var/open'
/** Perl again, which would run as root. */
export const SETUID = '/usr/bin/setuid'
/** For root's eyes, in the image. */
export const ROOTS_FILE = '/etc/only-root'

/** Perl, 9 MB. */
export function perlFiles(): TarEntry[] {
  const modules = run(PERL, '-e', 'print join "\\n", @INC')
    .split('\n')
    .filter(path => MODULES.test(path))
  return [
    file(PERL),
    { ...file(PERL), path: SETUID.slice(1), mode: 0o4755 },
    ...libraries(PERL),
    ...modules.flatMap(folder),
    { path: `${OPEN_FOLDER.slice(1)}/`, mode: 0o1777 },
    { path: ROOTS_FILE.slice(1), data: new TextEncoder().encode('secret of root'), mode: 0o600 }
  ]
}

export const perlImage = (): Uint8Array => imageTar(perlFiles(), { architecture: 'amd64', Cmd: [PERL] })
