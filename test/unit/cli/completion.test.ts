import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

describe('completion', function () {
  this.timeout(60_000)
  let folder: string
  before(async () => void (folder = await makeFolder()))
  after(async () => await removeFolder(folder))
  const run = (...args: string[]) => runHere(args, folder, cleanEnv(folder))
  const proposals = async (...words: string[]) =>
    (await run('__complete', ...words)).stdout.split('\n').filter(l => l !== '')

  it('commands, commands below them, and flags', async () => {
    expect(await proposals('ru')).to.have.members(['run', 'rule'])
    expect(await proposals('wallet', 'dep')).to.deep.equal(['deposit'])
    expect(await proposals('run', '--de')).to.include('--detach')
    expect(await proposals('')).to.include.members(['run', 'jobs', 'wallet', 'offers'])
  })

  it('what cannot be completed gives nothing, and no error', async () => {
    for (const words of [
      ['nosuch', 'x'],
      ['run', 'job.ya'],
      ['wallet', 'zzz', 'q']
    ]) {
      const r = await run('__complete', ...words)
      expect(r.code).to.equal(0)
      expect(r.stderr).to.equal('')
    }
  })

  it('the bash script is one that bash accepts and that asks the program', async function () {
    const { stdout, code } = await run('completion', 'bash')
    expect(code).to.equal(0)
    const script = `shoal() { echo "runner"; }\n${stdout}\nCOMP_WORDS=(shoal ru); COMP_CWORD=1; _shoal; echo "\${COMPREPLY[@]}"`
    const r = spawnSync('bash', ['-c', script])
    if (r.error !== undefined) return this.skip()
    expect(r.stderr.toString()).to.equal('')
    expect(r.stdout.toString().trim()).to.equal('runner')
  })

  /** A `shoal` on the path of a shell: this very program. */
  async function shellEnv(): Promise<Record<string, string>> {
    const bin = join(folder, 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(folder, 'job.yaml'), '')
    const program = join(import.meta.dirname, '../../../bin/shoal.mjs')
    await writeFile(join(bin, 'shoal'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
    await chmod(join(bin, 'shoal'), 0o700)
    const env = cleanEnv(folder)
    return { ...env, PATH: `${bin}:${env['PATH'] ?? ''}`, TERM: 'xterm' }
  }

  /** What a real shell prints for a script; undefined, and the reason on the console, when there is no such shell here. */
  async function inShell(shell: string, args: string[], script: string): Promise<string | undefined> {
    const r = spawnSync(shell, [...args, script], { cwd: folder, env: await shellEnv(), timeout: 50_000 })
    if (r.error !== undefined && 'code' in r.error && r.error.code === 'ENOENT') {
      console.log(`      no ${shell} on this machine: its completion was not run`)
      return undefined
    }
    expect(r.stderr.toString()).to.equal('')
    return r.stdout.toString()
  }

  it('fish lists commands, those below them, flags, and files where one may stand', async function () {
    const ask = (line: string): string => `echo "<"(complete -C '${line}')">"`
    const lines = ['shoal ru', 'shoal wallet dep', 'shoal run --de', 'shoal run jo', 'shoal ']
    const script = ['shoal completion fish | source', ...lines.map(ask)].join('\n')
    const said = await inShell('fish', ['--no-config', '-c'], script)
    if (said === undefined) return this.skip()
    for (const found of ['run', 'deposit', '--detach', 'job.yaml', 'jobs'])
      expect(said).to.contain(`<${found}>`)
    expect(said.split('<job.yaml>')).to.have.length(2) // not among the commands
  })

  for (const way of ['sourced', 'autoloaded'] as const)
    it(`zsh, ${way}, completes commands, those below them, flags and files at the first Tab`, async function () {
      const load =
        way === 'sourced'
          ? 'autoload -Uz compinit; compinit -u -D; source <(shoal completion zsh)'
          : 'shoal completion zsh >_shoal; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D'
      await writeFile(join(folder, 'load.zsh'), `PS1='%% '\n${load}\n`)
      const lines = ['shoal ru', 'shoal wallet dep', 'shoal run --de', 'shoal run jo']
      // an interactive zsh on a terminal of its own: a Tab completes, Enter runs `echo` with what stands there
      const script = `zmodload zsh/zpty; zpty t zsh -f -i
zpty -w t 'source ./load.zsh; shoal() { [[ $1 == __complete ]] && command shoal "$@" || echo "<$*>"; }; echo rea''dy'
zpty -r -m t seen '*ready*'
for line in ${lines.map(l => `'${l}'`).join(' ')}; do
  zpty -w t $line$'\\t'
  zpty -r -m t seen '*<*>*' && print -r -- $seen
done
zpty -d t`
      const said = await inShell('zsh', ['-f', '-c'], script)
      if (said === undefined) return this.skip()
      for (const found of ['run', 'wallet deposit', 'run --detach', 'run job.yaml'])
        expect(said).to.match(new RegExp(`<${found} ?>`))
    })

  it('an unknown shell is refused with those there are', async () => {
    const r = await run('completion', 'tcsh')
    expect(r.code).to.equal(2)
    expect(r.stderr).to.contain('bash, zsh, fish')
  })
})
