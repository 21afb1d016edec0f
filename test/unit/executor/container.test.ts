import { expect } from 'chai'
import { createHash } from 'node:crypto'
import {
  allowed as allowedImage,
  containerOfferOf,
  imageNeedOf,
  imageSource
} from '../../../src/executor/container/image.ts'
import { ATTEMPTS, openIn, probeImage } from '../../../src/executor/container/probe.ts'
import { rootlessGaps } from '../../../src/executor/container/rootless.ts'
import { runCommand, type ContainerRun } from '../../../src/executor/container/run-command.ts'
import { seccompProfile } from '../../../src/executor/container/seccomp-profile.ts'
import { allowed } from '../../../src/executor/sandbox/seccomp/allowed.ts'
import { configSchema } from '../../../src/peer/home/config-schema.ts'
import { text } from '../../support/tasks.ts'

const NAME = `localhost/hello@sha256:${'ab'.repeat(32)}`

const run: ContainerRun = {
  ...{ name: 'shoal-container-1-1-abc', image: NAME, args: ['--privileged', '-v', '/:/host'] },
  env: { HELLO: 'a b' },
  folders: { input: '/t/in', output: '/t/out', checkpoint: '/t/ckpt' },
  confinement: { memoryBytes: 1000, tmpBytes: 10, cpus: 2, maxTasks: 64, maxOpenFiles: 256, fileBytes: 99 },
  profile: '/t/seccomp.json'
}

describe('a container task', () => {
  it('its module is a tar or a name with a digest; anything else is refused', () => {
    expect(imageSource(text(JSON.stringify({ image: NAME })))).to.deep.equal({ kind: 'named', name: NAME })
    expect(imageSource(probeImage())).to.deep.equal({ kind: 'tar' })
    for (const bad of [
      '',
      'hello',
      '{}',
      '{"image":"alpine"}',
      '{"image":"alpine:latest"}',
      `{"image":"${NAME}","x":1}`
    ])
      expect(() => imageSource(text(bad)), bad)
        .to.throw()
        .with.property('code', 'MODULE_INVALID')
    const flag = JSON.stringify({ image: `--privileged@sha256:${'ab'.repeat(32)}` })
    expect(() => imageSource(text(flag)))
      .to.throw()
      .with.property('code', 'MODULE_INVALID')
  })

  it('runs what the owner allows and nothing else; by default nothing', () => {
    const named = { kind: 'named', name: NAME } as const
    expect(allowedImage(named, { images: [NAME], uploads: false })).to.deep.equal(named)
    expect(allowedImage({ kind: 'tar' }, { images: [], uploads: true })).to.deep.equal({ kind: 'tar' })
    for (const [source, policy] of [
      [named, { images: [], uploads: true }],
      [{ kind: 'tar' }, { images: [NAME], uploads: false }]
    ] as const)
      expect(() => allowedImage(source, policy)).to.throw('does not run')
    const { containers, engines } = configSchema.parse({}).provider
    expect(containers).to.deep.equal({ enabled: false, images: [], uploads: false, gpu: false })
    expect(engines).to.deep.equal(['wasm'])
  })

  it('the digest says which image it is: it runs under the name that the owner gave it', () => {
    const digest = 'ab'.repeat(32)
    const other = `docker.io/library/hello@sha256:${digest}`
    const policy = { images: [NAME, other, `localhost/b@sha256:${'0a'.repeat(32)}`], uploads: true }
    expect(allowedImage({ kind: 'named', name: other }, { images: [NAME], uploads: false })).to.deep.equal({
      kind: 'named',
      name: NAME
    })
    const images = [`0x${'0a'.repeat(32)}`, `0x${digest}`]
    expect(containerOfferOf(policy)).to.deep.equal({ images, uploads: true })
    expect(imageNeedOf({ kind: 'named', name: other })).to.equal(`0x${digest}`)
    expect(imageNeedOf({ kind: 'tar' })).to.equal('upload')
  })

  it('its arguments come after the image, where podman reads no flags', () => {
    const command = runCommand(run, {})
    expect(command.slice(command.indexOf(NAME))).to.deep.equal([NAME, '--privileged', '-v', '/:/host'])
    expect(command).to.include.members(['--network=none', '--pull=never', '--memory-swap=1000', 'HELLO=a b'])
    expect(command.join(' ')).not.to.contain('--device')
    // of podman, before its command: what the host has started or shown beside every container
    const before = command.slice(0, command.indexOf('run'))
    expect(before).to.include.members(['--hooks-dir=/nonexistent', '--default-mounts-file=/dev/null'])
    const gpu = { vendor: 'nvidia', index: 3, devices: [] } as const
    expect(runCommand({ ...run, gpu }, {}).join(' ')).to.contain('--device nvidia.com/gpu=3')
  })

  it('its calls are those of the own filter: a list of what passes, nothing twice', () => {
    const profile = seccompProfile('x64')
    const names = [...new Set(profile.syscalls.flatMap(rule => rule.names))]
    const whole = profile.syscalls.filter(rule => rule.args === undefined).flatMap(rule => rule.names)
    expect(new Set(whole).size).to.equal(whole.length)
    const looked = profile.syscalls.filter(rule => rule.args !== undefined).flatMap(rule => rule.names)
    expect(looked.filter(name => whole.includes(name))).to.deep.equal([])
    expect(names.filter(n => !['clone3', 'socket'].includes(n)).sort()).to.deep.equal([...allowed].sort())
    const passing = profile.syscalls.filter(r => r.action === 'SCMP_ACT_ALLOW').flatMap(r => r.names)
    for (const name of [
      'unshare',
      'keyctl',
      'add_key',
      'mount',
      'bpf',
      'ptrace',
      'socket',
      'setns',
      'io_uring_setup'
    ])
      expect(passing, name).not.to.include(name)
  })

  it('every number of ioctl passes but those that type into terminals, whatever its high half holds', () => {
    const rules = seccompProfile('x64').syscalls.filter(rule => rule.names.includes('ioctl'))
    const passes = (number: bigint): boolean =>
      rules.some(
        ({ args: [a] = [] }) => a !== undefined && (number & BigInt(a.value)) === BigInt(a.valueTwo ?? 0)
      )
    for (const high of [0n, 1n, 0x80000000n, 0xffffffffn]) {
      for (const number of [0x5412n, 0x541cn]) expect(passes((high << 32n) | number)).to.equal(false)
      for (let bit = 0n; bit < 32n; bit++)
        for (const number of [0x5412n, 0x541cn, 0n, 0xffffffffn]) {
          const other = number ^ (1n << bit)
          if (other !== 0x5412n && other !== 0x541cn)
            expect(passes((high << 32n) | other), other.toString(16)).to.equal(true)
        }
    }
  })

  it('a layer is left out for tests that say so, and for nobody else', () => {
    const layers = [
      'seccomp',
      'user',
      'limits',
      'network',
      'processes',
      'quota',
      'readOnly',
      'capabilities',
      'privileges'
    ]
    const usual = runCommand(run, {})
    expect(runCommand({ ...run, without: {} }, {})).to.deep.equal(usual)
    for (const layer of layers)
      expect(runCommand({ ...run, without: { [layer]: true } }, {}), layer).not.to.deep.equal(usual)
  })

  it('says what podman would need without root: groups of version 2 first, since it ignores limits without them', () => {
    const ready = {
      ...{ user: 'ann', uid: 1000, maps: true, controllers: ['cpuset', 'cpu', 'memory', 'pids'] },
      ...{ subuid: 'bob:1:65536\nann:100000:65536\n', subgid: '1000:100000:65536\n' }
    }
    expect(rootlessGaps(ready)).to.deep.equal([])
    const bare = { ...ready, maps: false, controllers: undefined, subuid: 'ann:100000:1000', subgid: '' }
    expect(rootlessGaps(bare)).to.deep.equal([
      'process groups of version 2 that belong to this user',
      'newuidmap and newgidmap (apt-get install uidmap)',
      '65536 numbers for ann in /etc/subuid',
      '65536 numbers for ann in /etc/subgid'
    ])
    expect(rootlessGaps({ ...ready, controllers: ['cpu', 'pids'] })).to.deep.equal(['the controllers memory'])
  })

  it('the probe is the same image each time, and each bit of its exit code has a meaning', () => {
    const digest = (): string => createHash('sha256').update(probeImage()).digest('hex')
    expect(digest()).to.equal(digest())
    expect(ATTEMPTS.length).to.be.at.most(7)
    expect(openIn(0)).to.deep.equal([])
    expect(openIn(0b1001)).to.deep.equal(
      [0, 3].map(i => `not true: ${(ATTEMPTS[i] as (typeof ATTEMPTS)[number]).holds}`)
    )
  })
})
