import { expect } from 'chai'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openLogFile } from '../../../src/peer/adapters/log-file.ts'
import { folderForEach } from '../../support/folders.ts'

describe('the log file', () => {
  const folder = folderForEach()

  it('never takes more than two files of its limit, and keeps the newest lines', () => {
    const file = join(folder(), 'logs', 'peer.log')
    const log = openLogFile(file, 1_000)
    for (let i = 0; i < 500; i++) log.write(`line ${i}\n`)
    expect(readdirSync(join(folder(), 'logs')).sort()).to.deep.equal(['peer.log', 'peer.log.1'])
    for (const f of [file, `${file}.1`]) expect(statSync(f).size).to.be.at.most(1_000)
    const text = readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8')
    expect(text.endsWith('line 498\nline 499\n')).to.equal(true)
    expect(text.split('\n').length).to.be.above(100)
  })

  it('is let go by close; later lines are lost, not thrown', () => {
    const file = join(folder(), 'peer.log')
    const log = openLogFile(file)
    log.write('first\n')
    log.close()
    log.close()
    log.write('second\n')
    expect(readFileSync(file, 'utf8')).to.equal('first\n')
  })

  it('goes on with the file of an earlier run, counting what is in it', () => {
    const file = join(folder(), 'peer.log')
    openLogFile(file, 1_000).write('x'.repeat(990) + '\n')
    openLogFile(file, 1_000).write('the next one\n')
    expect(readFileSync(file, 'utf8')).to.equal('the next one\n')
    expect(readFileSync(`${file}.1`, 'utf8').length).to.equal(991)
  })
})
