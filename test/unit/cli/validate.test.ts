/** What `shoal validate` tells of a good job file: what it asks for beside the most that it may, and names that other systems fold. */
import { expect } from 'chai'
import { limitRows } from '../../../src/protocol/limits-table.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

const JOB = 'name: a\ntask: { module: a.wasm, args: ["x", 0o14] }\ninputs: { d: ./d }\ncount: 2\n'
const FILES = {
  'job.yaml': JOB,
  'a.wasm': '\0asm\u0001\0\0\0',
  'd/x.txt': '12',
  'd/X.txt': '3',
  'd/con.txt': ''
}

describe('a job file that is good', () => {
  let folder: string
  before(async () => (folder = await makeFolder(FILES)))
  after(async () => await removeFolder(folder))
  const validate = (...flags: string[]) =>
    runHere(['validate', 'job.yaml', ...flags], folder, cleanEnv(folder))

  it('--json: the limits by id, what is asked, and warnings', async () => {
    const r = await validate('--json')
    expect(r.code, r.stderr).to.equal(0)
    const { limits, warnings, ...rest } = JSON.parse(r.stdout) as {
      limits: { id: string; asked: string; most: string }[]
      warnings: string[]
    }
    expect(rest).to.include({ ok: true, shards: 2, inputBytes: 6 })
    const by = new Map(limits.map(l => [l.id, l]))
    expect(by.get('shard.files')).to.include({ asked: '3', most: '65536' })
    expect(by.get('count')).to.include({ asked: '2', most: '1024' })
    expect(by.get('args.bytes')).to.include({ asked: '7 B', most: '48 KiB' })
    // every row is one of the documents
    for (const { id, most } of limits) expect(limitRows.find(l => l.id === id)?.most).to.equal(most)
    expect(warnings.join()).to.contain('differ only by case').and.contain('d/con.txt')
  })

  it('as text: the same in a table', async () => {
    const r = await validate()
    expect(r.stdout).to.match(/^job\.yaml is a job of 2 shards, 6 bytes of input/)
    expect(r.stdout).to.contain('Note: d/con.txt has a name that Windows cannot write.')
    expect(r.stdout).to.match(/input files of one shard +3 +65536/)
  })
})
