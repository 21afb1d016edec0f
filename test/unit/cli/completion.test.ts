import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

describe('completion', () => {
  let folder: string
  before(async () => void (folder = await makeFolder()))
  after(async () => await removeFolder(folder))
  const run = (...args: string[]) => runHere(args, folder, cleanEnv(folder))
  const proposals = async (...words: string[]) =>
    (await run('__complete', ...words)).stdout.split('\n').filter(l => l !== '')

  it('commands, commands below them, and flags', async () => {
    expect(await proposals('ru')).to.deep.equal(['run'])
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

  it('an unknown shell is refused with those there are', async () => {
    const r = await run('completion', 'tcsh')
    expect(r.code).to.equal(2)
    expect(r.stderr).to.contain('bash, zsh, fish')
  })
})
