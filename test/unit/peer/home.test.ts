import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { loadConfig, withSettings } from '../../../src/peer/home/config.ts'
import { configVariables } from '../../../src/peer/home/variables.ts'
import { initHome, openHome, unlock } from '../../../src/peer/home/home.ts'
import {
  openSecrets,
  parseKeyFile,
  sealSecrets,
  type KeyFile,
  type Secrets
} from '../../../src/peer/home/keystore.ts'
import { rejection, thrown } from '../../support/failures.ts'
import { filesBelow, folderForEach } from '../../support/folders.ts'
import { filled } from '../../support/records.ts'

/** Cheap for tests: the real cost is 2^17. */
const COST = 16
const secrets: Secrets = { identity: filled(1), operator: filled(2), recipient: filled(3) }
const names = { peer: '12D3KooWpeer', operator: '0xoperator' }
const seal = (passphrase = 'correct horse'): Promise<KeyFile> =>
  sealSecrets(secrets, names, passphrase, systemRandom, COST)

describe('keys at rest', () => {
  it('open with the passphrase, in any Unicode form of it, and hold the secrets nowhere in the clear', async () => {
    const file = await seal('café')
    expect(await openSecrets(file, 'cafe\u0301')).to.deep.equal(secrets)
    const text = JSON.stringify(file)
    for (const s of Object.values(secrets) as Uint8Array[])
      expect(text).not.to.contain(Buffer.from(s).toString('hex'))
  })

  it('a wrong passphrase opens nothing and the message does not repeat it', async () => {
    const e = await rejection(openSecrets(await seal(), 'battery staple'), 'PASSPHRASE_WRONG')
    expect(e.message + (e.next ?? '')).not.to.contain('battery')
    for (const p of ['', 'x'.repeat(1025)])
      await rejection(openSecrets(await seal(), p), 'PASSPHRASE_MISSING')
  })

  it('an altered file opens nothing, whichever part was altered', async () => {
    const file = await seal()
    const flip = (hex: string): string => (hex[0] === '0' ? '1' : '0') + hex.slice(1)
    const altered: KeyFile[] = [
      { ...file, peer: 'someone else' },
      { ...file, operator: '0xsomeone' },
      { ...file, kdf: { ...file.kdf, salt: flip(file.kdf.salt) } },
      { ...file, kdf: { ...file.kdf, N: 32 } },
      { ...file, cipher: { ...file.cipher, iv: flip(file.cipher.iv) } },
      { ...file, cipher: { ...file.cipher, tag: flip(file.cipher.tag) } },
      { ...file, cipher: { ...file.cipher, data: flip(file.cipher.data) } }
    ]
    for (const f of altered) await rejection(openSecrets(f, 'correct horse'), 'PASSPHRASE_WRONG')
  })

  it('what is no key file, or asks for endless work, is refused before a key is derived', async () => {
    const file = await seal()
    const bad = [
      '',
      'no json',
      '{}',
      JSON.stringify({ ...file, version: 2 }),
      JSON.stringify({ ...file, more: 1 })
    ]
    for (const N of [2 ** 30, 1000, 1, 0, -1]) bad.push(JSON.stringify({ ...file, kdf: { ...file.kdf, N } }))
    for (const text of bad)
      expect(thrown(() => parseKeyFile(text, 'keys.json'), 'CONFIG_INVALID').message).to.contain('keys.json')
    expect(parseKeyFile(JSON.stringify(file), 'keys.json')).to.deep.equal(file)
  })

  it('two seals of the same secrets share nothing', async () => {
    const [a, b] = [await seal(), await seal()]
    expect(a.kdf.salt).not.to.equal(b.kdf.salt)
    expect(a.cipher.iv).not.to.equal(b.cipher.iv)
    expect(a.cipher.data).not.to.equal(b.cipher.data)
  })
})

describe('a home folder', () => {
  const folder = folderForEach()
  const init = () =>
    initHome(nodeFiles, systemRandom, { root: join(folder(), 'home'), passphrase: 'p', kdfCost: COST })

  it('is made once: keys are never overwritten', async () => {
    const made = await init()
    const home = await openHome(nodeFiles, join(folder(), 'home'), {})
    expect(home.keys.peer).to.equal(made.peer)
    expect((await unlock(home, 'p')).identity.length).to.equal(32)
    await rejection(init(), 'HOME_EXISTS')
    expect(filesBelow(folder())).to.deep.equal(['home/config.yaml', 'home/keys.json', 'home/version'])
    // also when only the keys are left of it
    await nodeFiles.remove(join(folder(), 'home', 'version'))
    await rejection(init(), 'HOME_EXISTS')
  })

  it('a missing one and one of another version are refused with what to do', async () => {
    expect((await rejection(openHome(nodeFiles, folder(), {}), 'HOME_NOT_INITIALISED')).next).to.contain(
      'shoal init'
    )
    await init()
    writeFileSync(join(folder(), 'home', 'version'), '99\n')
    expect(
      (await rejection(openHome(nodeFiles, join(folder(), 'home'), {}), 'HOME_VERSION')).message
    ).to.contain('99')
  })

  it('its default configuration is valid and says nothing secret', async () => {
    await init()
    const text = readFileSync(join(folder(), 'home', 'config.yaml'), 'utf8')
    expect(loadConfig({ text, path: 'config.yaml' }, {}).profile).to.equal('full')
  })
})

describe('configuration', () => {
  const file = (text: string) => ({ text, path: 'config.yaml' })

  it('defaults < file < environment < flags', () => {
    const env = {
      SHOAL_LOG: 'warn',
      SHOAL_RPC_URL: 'http://127.0.0.1:2',
      SHOAL_API_PORT: '7',
      SHOAL_BOOTSTRAP: '/a,/b'
    }
    const text = 'log: { level: debug }\nchain: { rpcUrl: http://127.0.0.1:1, poll: 1s }\nlease: 9s'
    expect(loadConfig(undefined, {}).log.level).to.equal('info')
    expect(loadConfig(file(text), {}).log.level).to.equal('debug')
    expect(loadConfig(file(text), env).log.level).to.equal('warn')
    const all = loadConfig(file(text), env, { log: { level: 'error' } })
    expect(all.log.level).to.equal('error')
    expect(all.chain).to.include({ rpcUrl: 'http://127.0.0.1:2', poll: 1_000 })
    expect(all.lease).to.equal(9_000)
    expect(all.api.port).to.equal(7)
    expect(all.p2p.bootstrap).to.deep.equal(['/a', '/b'])
  })

  it('an empty file is the defaults', () => {
    expect(loadConfig(file('# nothing yet\n'), {})).to.deep.equal(loadConfig(undefined, {}))
  })

  const mistakes: readonly (readonly [string, ...string[]])[] = [
    ['profil: full', "unknown key 'profil'", "did you mean 'profile'?"],
    ['provider: { memry: 1GiB }', 'provider', "did you mean 'memory'?"],
    ['provider: { ask: free }', 'provider.ask', 'no amount'],
    ['provider: { memory: lots }', 'provider.memory', 'such as 16GiB'],
    ['provider: { slots: two }', 'provider.slots', 'expected number'],
    ['provider: { energy: solar }', 'provider.energy', 'unknown, grid, renewable'],
    ['lease: 5', 'lease', 'string'],
    ['chain: { rpcUrl: ftp://x }', 'chain.rpcUrl'],
    ['p2p: { listen: [127.0.0.1] }', 'p2p.listen.0'],
    ['api: { port: 70000 }', 'api.port', '65535'],
    ['- a list', 'mapping of keys'],
    ['a: [', 'config.yaml:'],
    ['log: *nobody', 'nobody']
  ]
  for (const [text, ...says] of mistakes) {
    it(`${text}: the message names the file, the key and what to write`, () => {
      const e = thrown(() => loadConfig(file(text), {}), 'CONFIG_INVALID')
      for (const s of says) expect(e.message).to.contain(s)
      expect(e.message).to.contain('config.yaml')
      expect(e.message).not.to.contain('missing')
      expect(e.next).to.be.a('string')
    })
  }

  it('every key has a variable, the policy among them', () => {
    const names = [...configVariables().keys()]
    expect(names).to.include.members(['SHOAL_MODE', 'SHOAL_LEASE', 'SHOAL_PROVIDER_POLICY_TIME_ZONE'])
    expect(new Set(names).size).to.equal(names.length)
    expect(names).to.not.include('SHOAL_PROFILE') // the user's own settings
    const { provider, lease, chain } = loadConfig(undefined, {
      SHOAL_PROVIDER_POLICY_HOURS: '[22:00-06:00, "mon,fri 18:00-20:00"]',
      SHOAL_PROVIDER_POLICY_IDLE_LOAD: '0.5',
      SHOAL_PROVIDER_POLICY_POWER: 'ac',
      SHOAL_PROVIDER_POLICY_ALLOW: `0x${'1'.repeat(40)},0x${'2'.repeat(40)}`,
      SHOAL_PROVIDER_POLICY_ASKS: '{onnx: 0.123456789012345678}',
      SHOAL_PROVIDER_ENABLED: 'false',
      SHOAL_CHAIN_MAX_FEE: '0.5gwei',
      SHOAL_LEASE: '9s'
    })
    expect(provider.policy.hours).to.have.length(2)
    expect(provider.policy.idle.load).to.equal(0.5)
    expect(provider.policy.power).to.equal('ac')
    expect(provider.policy.allow?.[1]).to.equal(`0x${'2'.repeat(40)}`)
    expect(provider.policy.asks['onnx']).to.equal(123_456_789_012_345_678n)
    expect(provider.enabled).to.equal(false)
    expect(chain.maxFee).to.equal(500_000_000n)
    expect(lease).to.equal(9_000)
  })

  it('--set takes any key, wins over the file and variables, and is blamed for what it says', () => {
    const set = (...items: string[]) => loadConfig(undefined, {}, withSettings({}, items))
    expect(set('provider.policy.temperature.cpu=80', 'provider.slots=3').provider.slots).to.equal(3)
    expect(
      loadConfig(file('lease: 5s'), { SHOAL_LEASE: '6s' }, withSettings({}, ['lease=7s'])).lease
    ).to.equal(7_000)
    for (const [item, ...says] of [
      ['provider.policy.power=battery', '--set provider.policy.power', 'any, ac'],
      ['provider.policy.hours=night', '--set provider.policy.hours.0', '22:00'],
      ['provider.polici.power=ac', '--set provider.polici', "did you mean 'policy'"],
      ['provider.policy.temperature.cpu=hot', '--set provider.policy.temperature.cpu', 'expected number']
    ] as const)
      for (const s of says) expect(thrown(() => set(item), 'CONFIG_INVALID').message).to.contain(s)
    expect(thrown(() => set('provider.slots'), 'USAGE').message).to.contain('KEY=VALUE')
  })

  it('a wrong variable is not blamed on a file', () => {
    const e = thrown(() => loadConfig(undefined, { SHOAL_MODE: 'heavy' }), 'CONFIG_INVALID')
    expect(e.message).to.contain('profile')
    expect(e.next).to.contain('SHOAL_')
  })
})
