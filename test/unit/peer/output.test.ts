import { expect } from 'chai'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { prepareOutput } from '../../../src/peer/requester/output.ts'
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

  it('that cannot be written is refused, with the folder and what to do', async () => {
    writeFileSync(join(folder, 'file'), '')
    for (const out of [join(folder, 'file', 'out'), '/dev/null/deep/out']) {
      const e = await rejection(prepareOutput(nodeFiles, out, 'ab12'), 'DISK_ERROR')
      expect(e.message).to.contain('cannot be written')
      expect(e.next).to.contain('--out')
    }
  })
})
