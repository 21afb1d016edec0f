import { expect } from 'chai'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openGroups } from '../../../src/executor/adapters/cgroups.ts'
import type { Box } from '../../../src/executor/sandbox/box.ts'
import { bwrapArguments } from '../../../src/executor/sandbox/bwrap.ts'
import { CHECKS, judge } from '../../../src/executor/sandbox/self-test.ts'

const box: Box = {
  memoryBytes: 1 << 28,
  cpus: 1.5,
  processes: 'many',
  maxTasks: 64,
  maxOpenFiles: 128,
  fileBytes: 1 << 20,
  reads: [{ host: '/opt/pack', inside: '/shoal/pack' }],
  scratch: [{ inside: '/out', bytes: 4_096 }],
  devices: ['/dev/nvidia0']
}
const root = { folders: ['/usr/lib'], links: [['lib', 'usr/lib']] as const }

describe("the sandbox's command line", () => {
  const line = ` ${bwrapArguments(box, root, 3).join(' ')} `

  it('unshares everything, gives up all rights, and keeps nothing of ours', () => {
    for (const part of [
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--cap-drop ALL',
      '--clearenv',
      '--new-session'
    ])
      expect(line).to.contain(` ${part} `)
    expect(line).to.contain(' --die-with-parent ')
    expect(line).to.contain(' --uid 65534 --gid 65534 ')
    expect(line).to.contain(' --seccomp 3 ')
  })

  it('binds only libraries and what the box names, read-only, and devices before /dev is closed', () => {
    expect(line).to.contain(' --ro-bind /opt/pack /shoal/pack ')
    expect(line).to.not.match(/ --bind /)
    const binds = [...line.matchAll(/--ro-bind (\S+)/g)].map(m => m[1])
    expect(binds).to.deep.equal(['/usr/lib', '/opt/pack'])
    expect(line.indexOf('--dev-bind-try /dev/nvidia0')).to.be.lessThan(line.indexOf('--remount-ro /dev'))
  })

  it('gives every writable folder a size', () => {
    const folders = [...line.matchAll(/(--size \d+ )?--tmpfs (\S+)/g)]
    expect(folders.map(m => m[2])).to.deep.equal(['/dev/shm', '/out'])
    for (const [, size] of folders) expect(size).to.not.equal(undefined)
  })
})

describe("the sandbox's self-test", () => {
  const good = Object.fromEntries(Object.keys(CHECKS).map(check => [check, true]))

  it('passes when everything holds and the task is not root', () => {
    expect(judge(good, 262_144)).to.deep.equal({ passed: true, failed: [] })
  })

  it('fails for each thing that does not hold or is not said, and names it', () => {
    for (const [check, words] of Object.entries(CHECKS)) {
      expect(judge({ ...good, [check]: false }, 1_000).failed.join()).to.contain(words)
      expect(judge({ ...good, [check]: undefined }, 1_000).passed).to.equal(false)
    }
    for (const nonsense of [undefined, null, 'ok', 7, []])
      expect(judge(nonsense, 1_000).passed).to.equal(false)
  })

  it('fails when the host counts the task as root, or does not know', () => {
    expect(judge(good, 0).passed).to.equal(false)
    expect(judge(good, undefined).passed).to.equal(false)
  })
})

/** Version 2 does not run on this machine: its files are plain ones here, and what is written into them is looked at. */
describe('process groups of version 2, on files of a recorded layout', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-cgroup-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('are made below our own group when its controllers are handed down, with every limit set', async () => {
    const own = join(folder, 'user.slice', 'shoal.scope')
    await mkdir(own, { recursive: true })
    await writeFile(join(own, 'cgroup.subtree_control'), 'cpu memory pids\n')
    const groups = await openGroups(folder, '0::/user.slice/shoal.scope\n')
    expect(groups.kind).to.equal('v2')
    const group = await groups.open({ memoryBytes: 1_000_000, maxTasks: 64, cpus: 1.5 })
    const [made = ''] = (await readdir(own)).filter(name => name.startsWith('shoal-'))
    const read = (file: string): Promise<string> => readFile(join(own, made, file), 'utf8')
    expect(await read('memory.max')).to.equal('1000000')
    expect(await read('pids.max')).to.equal('64')
    expect(await read('cpu.max')).to.equal('150000 100000')
    await group.join(4_711)
    expect(await read('cgroup.procs')).to.equal('4711')
    await group.limitMemory(2_000_000)
    expect(await read('memory.max')).to.equal('2000000')
    await writeFile(join(own, made, 'cpu.stat'), 'usage_usec 1234\nuser_usec 1000\n')
    await writeFile(join(own, made, 'memory.events'), 'low 0\noom 1\noom_kill 1\n')
    expect(await group.usage()).to.deep.equal({ cpuNs: 1_234_000n, outOfMemory: true })
  })

  it('are not offered on a host without any', async () => {
    expect((await openGroups(join(folder, 'nothing'), '')).kind).to.equal('none')
  })
})
