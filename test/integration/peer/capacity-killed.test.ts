/** A peer that is killed in the middle of a disk challenge: what it left is swept at the next start. */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { Leftovers } from '../../../src/peer/leftovers.ts'
import { ManualClock } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'
import { memoryStore } from '../settlement/support.ts'

const src = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url))

/** Fills, writes again without end, and says when the first file is there. */
const PROGRAM = `
import { diskHoarder } from '${src('peer/capacity/hoards/disk.ts')}'
import { nodeFiles } from '${src('peer/adapters/node-files.ts')}'
import { systemClock } from '${src('peer/adapters/system-clock.ts')}'
import { hoardOf } from '${src('market/hoard.ts')}'
const { signal } = new AbortController()
const disk = diskHoarder({ clock: systemClock, files: nodeFiles, folder: process.argv[1], max: () => 2 ** 40 })
const hoard = await disk.fill(hoardOf(new Uint8Array(32), 8, 512), signal)
console.log('filled')
for (;;) await hoard.rewrite(new Uint8Array(32), signal)
`

describe('a peer that is killed in a disk challenge', function () {
  this.timeout(60_000)
  it('leaves files that the next start removes', async () => {
    const root = mkdtempSync(join(tmpdir(), 'shoal-killed-'))
    try {
      const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM, root]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')
      const left = readdirSync(root)
      expect(left).to.include('capacity.tmp')
      const journal = new Journal(memoryStore(), new ManualClock())
      const content = { keepOnly: async () => 0 }
      const ports = { journal, content, files: nodeFiles, home: layoutOf(root), log: noLog }
      await new Leftovers(ports as unknown as PeerContext).start()
      expect(readdirSync(root)).to.deep.equal([])
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
