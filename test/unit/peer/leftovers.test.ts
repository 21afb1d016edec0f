/** What a killed process left behind is cleared when the peer starts, and nothing that is still needed. */
import { expect } from 'chai'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { heldFor, keptBy, Leftovers } from '../../../src/peer/leftovers.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { cidOf } from '../../../src/protocol/codec.ts'
import { execution, job, provision } from '../../support/entries.ts'
import { checkpoint, filled, hex, provider, result } from '../../support/records.ts'
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

  it('what a live execution holds stays: its spec, its checkpoint, and the one it was resumed from', async () => {
    const from = await checkpoint(provider, { object: cidOf(filled(21)) })
    const e = await execution(provider, {
      spec: cidOf(filled(20)),
      checkpoint: await checkpoint(provider, { object: cidOf(filled(22)) }),
      resumedFrom: { attempt: 1, checkpoint: from, key: filled(1), context: hex(1), used: 1n }
    })
    expect(heldFor(e)).to.have.members([20, 21, 22].map(n => cidOf(filled(n))))
  })

  it('of an ended execution only a result that was paid without its requester stays: it may come for it', async () => {
    const entry = {
      checkpoint: await checkpoint(),
      result: await result(provider, { object: cidOf(filled(23)) })
    }
    const own = cidOf(filled(23))
    const closing = { paid: 1n, fee: 0n, refunded: 0n, bondSlashed: 0n, tx: hex(3) }
    const paid = async (outcome: 'released' | 'accepted') =>
      keptBy(await provision({ ...entry, state: 'paid', closing: { ...closing, outcome } }))
    expect(await paid('released')).to.deep.equal([own])
    expect(await paid('accepted')).to.deep.equal([])
    expect(keptBy(await provision({ ...entry, state: 'delivered' }))).to.have.members([
      own,
      entry.checkpoint.object
    ])
  })
})
