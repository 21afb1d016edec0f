/** Flags > environment > .shoal.yaml of the folder > settings.yaml of the user; profiles; XDG folders. */
import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeContext, type Cli } from '../../../src/cli/context.ts'
import { homeFolder } from '../../../src/cli/home.ts'
import { loadSettings } from '../../../src/cli/settings/load.ts'
import { rejection } from '../../support/failures.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

const USER = '.config/shoal/settings.yaml'
const JOB = { 'job.yaml': 'name: a\ntask: { module: a.wasm }\nprice: { max: 5 }\n' }

describe('settings', function () {
  this.timeout(30_000)
  const folders: string[] = []
  after(async () => await Promise.all(folders.map(removeFolder)))

  async function place(files: Record<string, string>, env: Record<string, string> = {}) {
    const folder = await makeFolder(files)
    folders.push(folder)
    const all = { ...cleanEnv(folder), ...env }
    const cli: Cli = { ...makeContext([]), env: all, cwd: folder }
    return { folder, cli, run: (...args: string[]) => runHere(args, folder, all) }
  }

  it("caps: the environment, else the profile or the user; a project, whose file may be a stranger's, can only lower them", async () => {
    const user = 'maxPrice: 1\nmaxTime: 1h\nprofile: lab\nprofiles: { lab: { maxPrice: 2 } }\n'
    const only = await loadSettings((await place({ [USER]: user })).cli)
    expect(only.maxPrice?.value).to.equal(2n * 10n ** 18n)
    expect(only.maxTime?.value).to.equal(3_600_000)
    const project = { [USER]: user, '.shoal.yaml': 'maxPrice: 3\nmaxTime: 2h\n' }
    const raised = await loadSettings((await place(project)).cli)
    expect(raised.maxPrice?.value).to.equal(2n * 10n ** 18n)
    expect(raised.maxTime?.value).to.equal(3_600_000)
    const lower = { [USER]: user, '.shoal.yaml': 'maxPrice: 1.5\n' }
    expect((await loadSettings((await place(lower)).cli)).maxPrice).to.deep.equal({
      value: 15n * 10n ** 17n,
      from: './.shoal.yaml'
    })
    const env = await loadSettings((await place(project, { SHOAL_MAX_PRICE: '4' })).cli)
    expect(env.maxPrice).to.deep.equal({ value: 4n * 10n ** 18n, from: 'SHOAL_MAX_PRICE' })
  })

  it('a job that asks for more than the settings allow is refused before anything starts; a flag allows it', async () => {
    const { run } = await place({ ...JOB, '.shoal.yaml': 'maxPrice: 1\n' })
    const refused = await run('run', 'job.yaml', '-y')
    expect(refused.code).to.equal(2)
    expect(refused.stderr).to.contain('price.max is 5 SHL, but ./.shoal.yaml allows at most 1 SHL')
    expect(refused.stderr).to.contain('--max-price 5')
    const allowed = await run('run', 'job.yaml', '-y', '--max-price', '5')
    expect(allowed.stderr, 'the next obstacle').to.contain('no Shoal home')
    const time = await place({ ...JOB, [USER]: 'maxTime: 1m\n' })
    expect((await time.run('run', 'job.yaml', '-y')).stderr).to.contain('--max-time 600s')
  })

  it('the home: --home or --profile, SHOAL_HOME, SHOAL_PROFILE, the project, the user, the data folder', async () => {
    const files = {
      '.shoal.yaml': 'profile: project\n',
      [USER]: 'profile: user\nprofiles: { lab: { home: ~/labs/home } }\n'
    }
    const { cli, folder } = await place(files)
    const home = (flags: object, env: Record<string, string> = {}) =>
      homeFolder({ ...cli, env: { ...cli.env, ...env } }, flags)
    const all = { SHOAL_HOME: '/srv/shoal', SHOAL_PROFILE: 'fromenv' }
    const profile = (name: string) => join(folder, '.data', 'shoal', 'profiles', name)
    expect(await home({ home: 'h' }, all)).to.equal(join(folder, 'h'))
    expect(await home({ profile: 'lab' }, all)).to.equal(join(folder, 'labs', 'home'))
    expect(await home({}, all)).to.equal('/srv/shoal')
    expect(await home({}, { SHOAL_PROFILE: 'fromenv' })).to.equal(profile('fromenv'))
    expect(await home({})).to.equal(profile('project'))
    expect(await homeFolder((await place({ [USER]: 'profile: user\n' })).cli, {})).to.match(/profiles\/user$/)
    const plain = await place({})
    expect(await homeFolder(plain.cli, {})).to.equal(join(plain.folder, '.data', 'shoal'))
    await rejection(home({ home: 'a', profile: 'b' }), 'USAGE')
    await rejection(home({ profile: '../up' }), 'USAGE')
  })

  it('a profile is a home of its own from init on', async () => {
    const { run, folder } = await place({}, { SHOAL_PASSPHRASE: 'x', SHOAL_KDF_COST: '16' })
    expect((await run('init', '--profile', 'test', '--json')).code).to.equal(0)
    expect(existsSync(join(folder, '.data', 'shoal', 'profiles', 'test', 'keys.json'))).to.equal(true)
    const other = await run('jobs', '--profile', 'other')
    expect(other.code).to.equal(4)
    expect(other.stderr).to.match(/no Shoal home at .*profiles\/other\n {2}Run: shoal init --home /)
  })

  it('a passphrase file of the profile opens its keys', async () => {
    const files = { secret: 'x\n', [USER]: 'profile: lab\nprofiles: { lab: { passphraseFile: ~/secret } }\n' }
    const { run } = await place(files, { SHOAL_KDF_COST: '16' })
    expect((await run('init', '--json')).code).to.equal(0)
    const r = await run('doctor', '--json')
    expect(r.stdout).to.match(/"name":"keys","state":"ok"/)
  })

  it('XDG folders are used when they are absolute', async () => {
    const { cli, folder } = await place({})
    const at = (data: string) => homeFolder({ ...cli, env: { ...cli.env, XDG_DATA_HOME: data } }, {})
    expect(await at('/var/data')).to.equal('/var/data/shoal')
    expect(await at('relative')).to.equal(join(folder, '.local', 'share', 'shoal'))
  })

  const mistakes: readonly (readonly [string, string, string, ...string[]])[] = [
    ['.shoal.yaml', 'home: /tmp/x\n', '1:1', "'home' belongs into your own", 'must not choose keys'],
    ['.shoal.yaml', 'maxPrise: 1\n', '1:1', "did you mean 'maxPrice'?"],
    ['.shoal.yaml', 'maxTime: soon\n', '1:10', 'such as 90s'],
    ['.shoal.yaml', 'name: a\ntask: {}\n', '1:1', "unknown key 'name'"],
    [USER, 'profile: Big Lab\n', '1:10', 'a-z'],
    [USER, 'profiles:\n  lab:\n    hoem: x\n', '3:5', "did you mean 'home'?"],
    [USER, 'maxPrice: [\n', '1:12', 'settings.yaml']
  ]
  for (const [file, text, at, ...says] of mistakes)
    it(`${file}: ${JSON.stringify(text)} is refused with its place`, async () => {
      const e = await rejection(loadSettings((await place({ [file]: text })).cli), 'CONFIG_INVALID')
      for (const s of says) expect(e.message).to.contain(s)
      expect(e.message)
        .to.match(new RegExp(`${file.replaceAll('.', '\\.')}:${at} `))
        .and.match(/\n *\^$/)
    })

  it('a wrong variable is named', async () => {
    const { cli } = await place({}, { SHOAL_MAX_TIME: 'long' })
    expect((await rejection(loadSettings(cli), 'CONFIG_INVALID')).message).to.contain('SHOAL_MAX_TIME')
  })
})
