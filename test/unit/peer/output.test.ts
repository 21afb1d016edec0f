import { expect } from 'chai'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { placeError, prepareKeeping, prepareOutput } from '../../../src/peer/requester/output.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { rejection } from '../../support/failures.ts'

describe('the place of a result', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-output-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is made and tried before anything is bought, and nothing of the trial stays', async () => {
    await prepareOutput(nodeFiles, join(folder, 'deep', 'er', 'out'), 'ab12')
    expect(readdirSync(join(folder, 'deep', 'er'))).to.deep.equal([])
    mkdirSync(join(folder, 'empty'))
    await prepareOutput(nodeFiles, join(folder, 'empty'), 'ab12')
  })

  it('that holds something is left alone', async () => {
    writeFileSync(join(folder, 'note'), 'mine')
    for (const out of [folder, join(folder, 'note')])
      expect((await rejection(prepareOutput(nodeFiles, out, 'ab12'), 'OUTPUT_EXISTS')).next).to.contain(
        '--out'
      )
  })

  it('that cannot be written is refused, with the file in the way and what to do', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    for (const [out, way] of [
      [join(file, 'out'), file],
      [join(file, 'a', 'b', 'out'), file],
      ['/dev/null/deep/out', '/dev/null']
    ] as const) {
      const e = await rejection(prepareOutput(nodeFiles, out, 'ab12'), 'DISK_ERROR')
      expect(e.message).to.contain(`cannot be put at ${out}`).and.contain(`leads through ${way}`)
      expect(e.next).to.contain('--out')
    }
    symlinkSync(file, join(folder, 'to-file'))
    await rejection(prepareOutput(nodeFiles, join(folder, 'to-file', 'out'), 'ab12'), 'DISK_ERROR')
  })

  it('that is a link is refused, one that lies behind a link is not', async () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
    for (const name of ['link', 'dangling']) {
      const e = await rejection(prepareOutput(nodeFiles, join(folder, name), 'ab12'), 'OUTPUT_EXISTS')
      expect(e.message).to.contain('is a link')
    }
    await prepareOutput(nodeFiles, join(folder, 'link', 'out'), 'ab12')
  })

  it('that is an empty folder stays the folder that it was', async () => {
    const out = join(folder, 'empty')
    mkdirSync(out, { mode: 0o750 })
    const before = statSync(out).ino
    await prepareOutput(nodeFiles, out, 'ab12')
    expect(statSync(out).ino).to.equal(before)
    expect(readdirSync(folder)).to.deep.equal(['empty'])
  })

  it('that is a mount point is refused before anything is bought, with a folder inside it to take instead', async () => {
    const out = join(folder, 'mounted')
    mkdirSync(out)
    const busy = new ShoalError('DISK_ERROR', `EBUSY: ${out}`, { data: { code: 'EBUSY' } })
    const files = { ...nodeFiles, rename: async () => await Promise.reject(busy) }
    const e = await rejection(prepareOutput(files, out, 'ab12'), 'DISK_ERROR')
    expect(e.message).to.contain('mount point')
    expect(e.next).to.contain(`--out ${join(out, 'result')}`)
  })

  it('on a disk of the system that takes nothing is refused at once', async function () {
    if (process.platform !== 'linux') this.skip()
    for (const out of ['/proc/shoal/out', '/sys/shoal/out'])
      await rejection(prepareOutput(nodeFiles, out, 'ab12'), 'DISK_ERROR')
  })

  it('of a disk that is full, read-only or not ours is told in words', () => {
    const of = (code: string) =>
      placeError('/o', new ShoalError('DISK_ERROR', `${code}: /o`, { data: { code } })).message
    expect(of('EROFS')).to.equal('the result cannot be put at /o: the disk there is read-only')
    expect(of('EACCES')).to.contain('no permission')
    expect(of('EXDEV')).to.contain('another device')
    expect(placeError('/o', new ShoalError('DISK_FULL', 'the disk is full: /o')).code).to.equal('DISK_FULL')
  })

  it('the folder that keeps what shards bring is tried too', async () => {
    await prepareKeeping(nodeFiles, join(folder, 'home', 'results'), 'ab12')
    expect(readdirSync(join(folder, 'home', 'results'))).to.deep.equal([])
    writeFileSync(join(folder, 'blocked'), '')
    const e = await rejection(prepareKeeping(nodeFiles, join(folder, 'blocked'), 'ab12'), 'DISK_ERROR')
    expect(e.next).to.contain('nothing was bought')
  })
})
