import { expect } from 'chai'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { collectBytes } from '../../../src/protocol/byte-source.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { rejection } from '../../support/failures.ts'
import { filesBelow, folderForEach } from '../../support/folders.ts'

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s)

describe('files on the disk', () => {
  const folder = folderForEach()
  const path = (name: string): string => join(folder(), name)

  it('a write replaces the whole file and leaves nothing beside it', async () => {
    await nodeFiles.write(path('f'), utf8('old and long'))
    await nodeFiles.write(path('f'), utf8('new'))
    expect(new TextDecoder().decode(await nodeFiles.read(path('f')))).to.equal('new')
    expect(filesBelow(folder())).to.deep.equal(['f'])
  })

  it('files are private unless said otherwise', async () => {
    await nodeFiles.write(path('secret'), utf8('x'))
    await nodeFiles.write(path('result'), utf8('x'), { mode: 0o644 })
    await nodeFiles.makeFolder(path('home'))
    expect(statSync(path('secret')).mode & 0o777).to.equal(0o600)
    expect(statSync(path('result')).mode & 0o044).to.equal(0o044)
    expect(statSync(path('home')).mode & 0o777).to.equal(0o700)
  })

  it('a source that breaks off leaves the old file and no half of the new one', async () => {
    await nodeFiles.write(path('f'), utf8('old'))
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield utf8('half')
      throw new ShoalError('CONTENT_CORRUPT', 'the seal does not open')
    }
    const e = await rejection(nodeFiles.write(path('f'), broken()), 'CONTENT_CORRUPT')
    expect(e.message).to.contain('seal')
    expect(readFileSync(path('f'), 'utf8')).to.equal('old')
    expect(filesBelow(folder())).to.deep.equal(['f'])
  })

  it('a full disk is named so, and leaves the old file and nothing else', async () => {
    await nodeFiles.write(path('f'), utf8('old'))
    async function* full(): AsyncGenerator<Uint8Array> {
      yield utf8('half')
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    const e = await rejection(nodeFiles.write(path('f'), full()), 'DISK_FULL')
    expect(e.next).to.contain('Free some space')
    expect(readFileSync(path('f'), 'utf8')).to.equal('old')
    expect(filesBelow(folder())).to.deep.equal(['f'])
  })

  it('a write into a folder that is not there, or onto a folder, is refused by name', async () => {
    await rejection(nodeFiles.write(path('no/f'), utf8('x')), 'FILE_NOT_FOUND')
    await nodeFiles.makeFolder(path('taken/inside'))
    await rejection(nodeFiles.write(path('taken'), utf8('x')), 'DISK_ERROR')
    expect(filesBelow(folder())).to.deep.equal([])
  })

  it('writes at the same time do not mix', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5_000))
    await Promise.all(texts.map(t => nodeFiles.write(path('f'), utf8(t))))
    expect(texts).to.include(readFileSync(path('f'), 'utf8'))
    expect(filesBelow(folder())).to.deep.equal(['f'])
  })

  it('a file above the limit is refused, also behind a link and when its size is not known', async () => {
    writeFileSync(path('big'), 'x'.repeat(1000))
    symlinkSync(path('big'), path('link'))
    const e = await rejection(nodeFiles.read(path('big'), { max: 999 }), 'FILE_TOO_LARGE')
    expect(e.data).to.include({ max: 999 })
    await rejection(nodeFiles.read(path('link'), { max: 999 }), 'FILE_TOO_LARGE')
    await rejection(nodeFiles.read('/dev/zero', { max: 999 }), 'FILE_TOO_LARGE')
    expect((await nodeFiles.read(path('big'), { max: 1000 })).length).to.equal(1000)
  })

  it('streams any range, and names a missing file', async () => {
    writeFileSync(path('f'), '0123456789')
    const part = async (start?: number, end?: number) =>
      new TextDecoder().decode(await collectBytes(nodeFiles.stream(path('f'), { start, end }), 100))
    expect(await part()).to.equal('0123456789')
    expect(await part(3, 6)).to.equal('345')
    expect(await part(3, 3)).to.equal('')
    expect(await part(9)).to.equal('9')
    await rejection(collectBytes(nodeFiles.stream(path('none')), 100), 'FILE_NOT_FOUND')
  })

  it('what is there is told apart, links are not followed, and what is gone is undefined', async () => {
    writeFileSync(path('f'), 'abc')
    symlinkSync(path('f'), path('l'))
    expect(await nodeFiles.stat(path('f'))).to.deep.equal({ kind: 'file', size: 3 })
    expect((await nodeFiles.stat(folder()))?.kind).to.equal('folder')
    expect((await nodeFiles.stat(path('l')))?.kind).to.equal('other')
    expect(await nodeFiles.stat(path('none'))).to.equal(undefined)
    expect(await nodeFiles.stat(path('f/below'))).to.equal(undefined)
  })

  it('removing and making again is harmless', async () => {
    await nodeFiles.makeFolder(path('a/b'))
    await nodeFiles.makeFolder(path('a/b'))
    await nodeFiles.remove(path('a'))
    await nodeFiles.remove(path('a'))
    expect(existsSync(path('a'))).to.equal(false)
    await rejection(nodeFiles.list(path('a')), 'FILE_NOT_FOUND')
    const fresh = await nodeFiles.temporaryFolder(path('run-'))
    expect(await nodeFiles.list(fresh)).to.deep.equal([])
  })
})
