/**
 * A provider as a package installs it, but for how long its tasks take: after a run it waits as long as the task's argument `hold=MS` says,
 * so that slots are held without using the two cores that all peers share. Run as a process: `node provider.ts --package DIR --home DIR`.
 */
import { join } from 'node:path'
import type { startApi as StartApi } from '../../src/api/adapters/server.ts'
import type { createService as CreateService } from '../../src/api/service.ts'
import type { createPeer as CreatePeer } from '../../src/peer/compose.ts'
import type { openLevelStore as OpenLevelStore } from '../../src/peer/adapters/level-store.ts'
import type { nodeFiles as NodeFiles } from '../../src/peer/adapters/node-files.ts'
import type { createLogger as CreateLogger } from '../../src/peer/adapters/pino-logger.ts'
import type { systemClock as SystemClock } from '../../src/peer/adapters/system-clock.ts'
import type { systemRandom as SystemRandom } from '../../src/peer/adapters/system-random.ts'
import type { openHome as OpenHome, unlock as Unlock } from '../../src/peer/home/home.ts'
import type { Engine } from '../../src/protocol/ports/engine.ts'
import type { loadNetwork as LoadNetwork } from '../../src/settlement/network.ts'

const argument = (name: string): string => {
  const value = process.argv[process.argv.indexOf(name) + 1]
  if (!process.argv.includes(name) || value === undefined) throw new Error(`${name} is missing`)
  return value
}
const load = async <T>(module: string): Promise<T> =>
  (await import(join(argument('--package'), 'dist', module))) as T

const { startApi } = await load<{ startApi: typeof StartApi }>('api/adapters/server.js')
const { createService } = await load<{ createService: typeof CreateService }>('api/service.js')
const { createPeer } = await load<{ createPeer: typeof CreatePeer }>('peer/compose.js')
const { openLevelStore } = await load<{ openLevelStore: typeof OpenLevelStore }>(
  'peer/adapters/level-store.js'
)
const { nodeFiles } = await load<{ nodeFiles: typeof NodeFiles }>('peer/adapters/node-files.js')
const { createLogger } = await load<{ createLogger: typeof CreateLogger }>('peer/adapters/pino-logger.js')
const { systemClock } = await load<{ systemClock: typeof SystemClock }>('peer/adapters/system-clock.js')
const { systemRandom } = await load<{ systemRandom: typeof SystemRandom }>('peer/adapters/system-random.js')
const { openHome, unlock } = await load<{ openHome: typeof OpenHome; unlock: typeof Unlock }>(
  'peer/home/home.js'
)
const { loadNetwork } = await load<{ loadNetwork: typeof LoadNetwork }>('settlement/network.js')

const holdOf = (args: readonly string[]): number =>
  Number(/^hold=(\d{1,7})$/.exec(args.find(a => a.startsWith('hold=')) ?? '')?.[1] ?? 0)

const holding = (engine: Engine): Engine => ({
  id: engine.id,
  version: engine.version,
  deterministic: engine.deterministic,
  isolation: engine.isolation,
  cost: outcome => engine.cost(outcome),
  benchmark: signal => engine.benchmark(signal),
  warm: job => engine.warm?.(job),
  close: async () => await engine.close?.(),
  prepare: async (task, signal) => {
    const run = await engine.prepare(task, signal)
    return {
      run: async (hooks, s) => {
        const outcome = await run.run(hooks, s)
        await systemClock.sleep(holdOf(task.args), s)
        return outcome
      },
      hold: on => run.hold(on),
      collect: () => run.collect(),
      dispose: () => run.dispose()
    }
  }
})

const root = argument('--home')
const text = async (path: string): Promise<string> => new TextDecoder().decode(await nodeFiles.read(path))
const home = await openHome(nodeFiles, root, {})
const secrets = await unlock(home, (await text(home.config.passphraseFile ?? '')).trim())
const peer = await createPeer({
  clock: systemClock,
  random: systemRandom,
  files: nodeFiles,
  log: createLogger({ level: home.config.log.level, file: home.layout.log }),
  config: home.config,
  home: home.layout,
  secrets,
  rpcUrl: home.config.chain.rpcUrl ?? '',
  chain: loadNetwork(await text(home.layout.network)),
  openStore: openLevelStore
})
const engines = peer.ctx.engines as Map<string, Engine>
for (const [id, engine] of engines) engines.set(id, holding(engine))
await peer.start()
const api = await startApi({
  service: createService(peer),
  port: 0,
  file: home.layout.api,
  files: nodeFiles,
  random: systemRandom,
  version: 'bench'
})
console.log(JSON.stringify({ ready: true, api: api.url, addresses: peer.ctx.network.addresses() }))
await new Promise<void>(resolve => {
  process.once('SIGTERM', () => resolve())
  process.stdin.once('close', () => resolve()).resume() // whoever started it is gone
})
await api.stop()
await peer.stop()
