/** What a killed process left behind is cleared when the peer starts, and nothing that is still needed. */
import { expect } from 'chai'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { Leftovers } from '../../../src/peer/leftovers.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { job } from '../../support/entries.ts'
import { folderForEach } from '../../support/folders.ts'
import { ManualClock } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'

describe('what a killed process left', () => {
  const folder = folderForEach()

  it('half-written files in the home and beside the results of live jobs are removed, whole ones stay', async () => {
    const root = folder()
    const journal = new Journal(memoryStore(), new ManualClock())
    const live = job({})
    await journal.putJob(live, 'submitted')
    const results = join(root, 'results', live.id)
    await mkdir(results, { recursive: true })
    for (const f of [join(root, 'api.json'), join(results, '0-1-0.bundle')]) {
      await writeFile(f, 'whole')
      await writeFile(`${f}.99.1.tmp`, 'ha')
    }
    const content = { keepOnly: async () => 0 }
    const ports = { journal, content, files: nodeFiles, home: layoutOf(root), log: noLog }
    await new Leftovers(ports as unknown as PeerContext).start()
    expect(await readdir(root)).to.have.members(['api.json', 'results'])
    expect(await readdir(results)).to.deep.equal(['0-1-0.bundle'])
  })

  it('pins that no live job needs go, those of a live one stay', async () => {
    const journal = new Journal(memoryStore(), new ManualClock())
    const live = job({})
    await journal.putJob(live, 'submitted')
    let kept: ReadonlySet<string> = new Set()
    const content = { keepOnly: async (cids: ReadonlySet<string>) => ((kept = cids), 3) }
    const home = layoutOf('/nowhere')
    const ports = { journal, content, files: nodeFiles, home, log: noLog }
    await new Leftovers(ports as unknown as PeerContext).start()
    expect([...kept]).to.have.members([...new Set([live.plan.module, ...live.plan.inputs].map(o => o.cid))])
    await journal.putJob({ ...live, state: 'settled' }, 'settled')
    await new Leftovers(ports as unknown as PeerContext).start()
    expect(kept.size).to.equal(0)
  })
})
