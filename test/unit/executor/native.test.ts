import { expect } from 'chai'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { LimitReached } from '../../../src/executor/adapters/runner-io.ts'
import { readPlain, readTree, signature, writeTree } from '../../../src/executor/adapters/task-folders.ts'
import { usage } from '../../../src/executor/adapters/usage.ts'
import { familyOf, parseStat, usageOf } from '../../../src/executor/native/proc-stat.ts'

/** As the kernel writes it: pid, name, state, parent, ... with the times at 14 to 17 and the pages at 24. */
const stat = (pid: number, parent: number, times: readonly number[], rss: number, name = 'sh'): string =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 1 2 3 4 ${times.join(' ')} 20 0 1 0 999 1000000 ${rss} 18446744073709551615 0`

describe('what processes use', () => {
  it('is read from a stat line, whatever the program calls itself', () => {
    expect(parseStat(stat(7, 3, [1, 2, 30, 40], 5))).to.deep.equal({
      pid: 7,
      parent: 3,
      ticks: 73,
      rssPages: 5
    })
    expect(parseStat(stat(7, 3, [1, 2, 3, 4], 5, 'a) S 9 (b'))).to.deep.equal({
      pid: 7,
      parent: 3,
      ticks: 10,
      rssPages: 5
    })
    for (const text of ['', 'x', '1 (a', '1 (a) S', stat(1, 2, [1], 2).slice(0, 40)])
      expect(parseStat(text), text).to.equal(undefined)
  })

  it('of a family: children and their children, nobody else, and no circle', () => {
    const all = [
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 1],
      [5, 9],
      [1, 3]
    ].map(([pid = 0, parent = 0]) => ({ pid, parent, ticks: 1, rssPages: 2 }))
    expect(familyOf(all.slice(0, 5), 2).map(p => p.pid)).to.deep.equal([2, 3])
    expect(usageOf(familyOf(all.slice(0, 5), 1))).to.deep.equal({
      nanoseconds: 40_000_000n,
      memoryBytes: 32_768
    })
    expect(familyOf(all, 2).length).to.be.lessThan(9)
  })

  it('of this process, with a child that worked and ended', function () {
    if (process.platform !== 'linux') {
      console.log('      skipped: there is no /proc here')
      this.skip()
    }
    const before = usage()
    execFileSync(process.execPath, ['-e', 'for (let i = 0; i < 3e8; i++);'])
    expect(usage().nanoseconds - before.nanoseconds > 50_000_000n).to.equal(true)
    const child = spawn('sleep', ['30'])
    expect(usage().memoryBytes).to.be.greaterThan(10_000_000)
    child.kill('SIGKILL')
  })
})

describe('a task’s folders', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'shoal-folders-'))))
  afterEach(() => rmSync(folder, { recursive: true }))
  const limits = { maxFiles: 100, maxBytes: 1_000 }
  const text = (s: string): Uint8Array => new TextEncoder().encode(s)

  it('files come back as they were put there', () => {
    const files = new Map([
      ['a.txt', text('1')],
      ['b/c/d', text('2')]
    ])
    writeTree(folder, files)
    expect([...readTree(folder, limits)].map(([p, d]) => [p, new TextDecoder().decode(d)])).to.deep.equal([
      ['a.txt', '1'],
      ['b/c/d', '2']
    ])
  })

  it('no link is followed, no pipe is waited for, no odd name passes', () => {
    writeFileSync(join(folder, 'good'), 'x')
    symlinkSync('/etc/passwd', join(folder, 'passwd'))
    symlinkSync('/etc', join(folder, 'etc'))
    symlinkSync('good', join(folder, 'inside'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    writeFileSync(join(folder, 'back\\slash'), 'x')
    expect([...readTree(folder, limits).keys()]).to.deep.equal(['good'])
    for (const name of ['passwd', 'inside', 'pipe', 'etc'])
      expect(readPlain(join(folder, name), 1e6), name).to.equal(undefined)
    expect(() => writeTree(folder, new Map([['passwd', text('x')]])), 'nor written through').to.throw(
      /EEXIST/
    )
  })

  it('too many bytes or files are a limit', () => {
    writeFileSync(join(folder, 'large'), new Uint8Array(1_001))
    expect(() => readTree(folder, limits)).to.throw(LimitReached, '1000 bytes')
    rmSync(join(folder, 'large'))
    for (let i = 0; i < 101; i++) mkdirSync(join(folder, `d${i}`))
    expect(() => readTree(folder, limits)).to.throw(LimitReached, '100 files')
  })

  it('a change is seen, and only a change', () => {
    const empty = signature(folder, 10)
    writeFileSync(join(folder, 'state'), '1')
    const one = signature(folder, 10)
    expect(one).not.to.equal(empty)
    expect(signature(folder, 10)).to.equal(one)
    rmSync(join(folder, 'state'))
    writeFileSync(join(folder, 'state'), '2')
    expect(signature(folder, 10)).not.to.equal(one)
    for (let i = 0; i < 12; i++) writeFileSync(join(folder, `f${i}`), '')
    expect(signature(folder, 10)).to.equal(undefined)
  })

  it('folders that come, go and turn into links while they are read are no fault, and lead nowhere', async () => {
    const secret = mkdtempSync(join(tmpdir(), 'shoal-secret-'))
    writeFileSync(join(secret, 'secret'), 'secret')
    const swap = `
      const fs = require('node:fs')
      const [d, e] = ['d', 'e'].map(n => process.argv[1] + '/' + n)
      for (const end = Date.now() + 1000; Date.now() < end; ) {
        fs.mkdirSync(d)
        fs.writeFileSync(d + '/own', 'own')
        fs.renameSync(d, e)
        fs.symlinkSync(process.argv[2], d)
        fs.unlinkSync(d)
        fs.rmSync(e, { recursive: true })
      }`
    const child = spawn(process.execPath, ['-e', swap, folder, secret], { stdio: 'inherit' })
    const ended = once(child, 'exit')
    const seen = new Set<string>()
    const signed: string[] = []
    while (child.exitCode === null && child.signalCode === null) {
      for (let i = 0; i < 100; i++) {
        for (const [path, data] of readTree(folder, limits))
          seen.add(`${path}: ${new TextDecoder().decode(data)}`)
        signed.push(signature(folder, 10) ?? '')
      }
      await setImmediate()
    }
    rmSync(secret, { recursive: true })
    expect(await ended).to.deep.equal([0, null])
    expect([...seen].filter(s => /secret/.test(s))).to.deep.equal([])
    expect(signed.filter(s => /secret/.test(s))).to.deep.equal([])
    expect(signed.filter(s => /own/.test(s)).length, 'read in the middle of it').to.be.greaterThan(0)
  }).timeout(20_000)
})
