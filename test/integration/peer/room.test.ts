/** This very machine: what it says that it has free, and the limits of process groups as both versions write them. */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes, groupMemory, systemRoom } from '../../../src/peer/policy/adapters/room.ts'
import { MiB } from '../../../src/protocol/limits.ts'
import { until } from '../../support/e2e/cli.ts'
import { folderFor, removeFolder } from '../settlement/support.ts'

const never = new AbortController().signal

describe('what this machine has free', function () {
  this.timeout(30_000)
  let folder: string
  before(async () => void (folder = await folderFor()))
  after(async () => await removeFolder(folder))

  it('is told of the disk, also of a folder that is not there yet', async () => {
    const { disk } = await systemRoom(join(folder, 'not', 'there')).look(false, never)
    expect(disk).to.be.greaterThan(MiB)
    expect(Math.abs((disk ?? 0) - (await freeBytes(folder)))).to.be.lessThan(512 * MiB)
  })

  it('is told of descriptors as they are opened', async function () {
    if (process.platform !== 'linux') this.skip()
    const look = async () => (await systemRoom(folder).look(false, never)).descriptors ?? NaN
    const before = await look()
    const files = await Promise.all(Array.from({ length: 50 }, () => open(folder, 'r')))
    const during = await look()
    await Promise.all(files.map(f => f.close()))
    expect(before - during).to.be.within(40, 60)
  })

  it('is told of memory, and of what a child holds', async function () {
    if (process.platform !== 'linux') this.skip()
    const before = await systemRoom(folder).look(true, never)
    expect(before.memory).to.be.greaterThan(MiB)
    const child = spawn(process.execPath, [
      '-e',
      'globalThis.x = Buffer.alloc(300 * 2 ** 20, 1); setInterval(() => x, 1e6)'
    ])
    try {
      await until('its memory is seen', 20_000, async () => {
        const { tasks = 0 } = await systemRoom(folder).look(true, never)
        return tasks - (before.tasks ?? 0) > 290 * MiB
      })
    } finally {
      child.kill('SIGKILL')
    }
    expect((await systemRoom(folder).look(false, never)).tasks).to.equal(0)
  })

  interface Group {
    readonly limit: string
    readonly usage: number
    readonly cache: number
  }
  async function machine(name: string, v1: boolean, path: string, groups: Readonly<Record<string, Group>>) {
    const root = join(folder, name)
    await mkdir(join(root, 'proc/self'), { recursive: true })
    await writeFile(
      join(root, 'proc/self/cgroup'),
      v1 ? `5:cpu:/x\n4:memory:${path}\n0::/\n` : `0::${path}\n`
    )
    for (const [at, { limit, usage, cache }] of Object.entries(groups)) {
      const group = join(root, 'sys/fs/cgroup', v1 ? 'memory' : '', at)
      await mkdir(group, { recursive: true })
      await writeFile(join(group, v1 ? 'memory.limit_in_bytes' : 'memory.max'), `${limit}\n`)
      await writeFile(join(group, v1 ? 'memory.usage_in_bytes' : 'memory.current'), `${usage}\n`)
      const stat = v1 ? `inactive_file 7\ntotal_inactive_file ${cache}\n` : `anon 7\ninactive_file ${cache}\n`
      await writeFile(join(group, 'memory.stat'), stat)
    }
    return await groupMemory(root)
  }

  for (const v1 of [false, true])
    it(`of process groups of version ${v1 ? 1 : 2} the tightest counts, and what can be dropped is free`, async () => {
      const name = (n: number) => `v${v1 ? 1 : 2}-${n}`
      const tight = { limit: '1000', usage: 700, cache: 200 }
      const wide = { limit: '100000', usage: 700, cache: 200 }
      const none = { limit: v1 ? '9223372036854771712' : 'max', usage: 1, cache: 0 }
      expect(await machine(name(1), v1, '/a/b', { 'a/b': wide, a: tight })).to.equal(500)
      expect(await machine(name(2), v1, '/a/b', { 'a/b': tight, a: wide })).to.equal(500)
      // in a container: the host's path, and a mount that is the group itself
      expect(await machine(name(3), v1, '/docker/0123', { '.': tight })).to.equal(500)
      const unlimited = await machine(name(4), v1, '/a', { a: none })
      if (v1) expect(unlimited).to.be.greaterThan(2 ** 60)
      else expect(unlimited).to.equal(undefined)
      expect(await machine(name(5), v1, '/a', { a: { limit: '1000', usage: 1500, cache: 100 } })).to.equal(0)
      expect(await machine(name(6), v1, '/a', {})).to.equal(undefined)
    })
})
