/**
 * Peers that come and go: node churn.ts FOLDER EVERY_MS. Every so often a light peer of a new identity joins the network of
 * FOLDER/like (a home), looks around for a moment and leaves. One process for all of them, so that it leaks too if `stop` does.
 */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { makeContext } from '../../src/cli/context.ts'
import { open } from '../../src/cli/home.ts'
import { startOwn } from '../../src/cli/own-peer.ts'
import { initHome } from '../../src/peer/home/home.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'

/** How long a peer stays, ms, and how many are there at the same time at most. */
const STAY_MS = 1_500
const LIVE_MAX = 4

const [folder = '', every = '1500'] = process.argv.slice(2)
const cli = makeContext([])
const stop = new AbortController()
let joined = 0
const failed: Record<string, number> = {}
const fail = (why: string): void => void (failed[why] = (failed[why] ?? 0) + 1)

async function visit(n: number): Promise<void> {
  const root = join(folder, `visitor-${n}`)
  await initHome(cli.files, cli.random, { root, passphrase: 'devnet', kdfCost: 2 ** 12 })
  for (const file of ['config.yaml', 'network.json'])
    await cp(join(folder, 'like', file), join(root, file), { force: true })
  const session = await startOwn(cli, { home: root }, await open(cli, { home: root }), stop.signal)
  try {
    await cli.clock.sleep(STAY_MS, stop.signal).catch(() => undefined)
    if (session.own.ctx.network.peers().length > 0) joined++
    else fail('no peer met')
  } finally {
    await session.close()
    await cli.files.remove(layoutOf(root).root)
  }
}

const live = new Set<Promise<void>>()
const begin = Promise.withResolvers<void>()
process.on('message', what => {
  if (what === 'go') begin.resolve()
  if (what === 'stop') stop.abort(new Error('the soak ends'))
})
process.send?.({ kind: 'ready' })
await begin.promise
for (let n = 0; !stop.signal.aborted; n++) {
  if (live.size < LIVE_MAX) {
    const done: Promise<void> = visit(n)
      .catch((e: unknown) => fail(e instanceof Error ? e.message.slice(0, 120) : String(e)))
      .finally(() => live.delete(done))
    live.add(done)
  }
  await cli.clock.sleep(Number(every), stop.signal).catch(() => undefined)
}
await Promise.allSettled(live)
process.send?.({ kind: 'gone', joined, failed })
process.disconnect()
