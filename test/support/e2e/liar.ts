/**
 * A peer like any other, but for engines that alter what tasks put out. Run as a process: `node liar.ts --home DIR [--alter TEXT]`, the
 * text as `alteration` takes it.
 */
import { bundleFromMap, bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import type { Engine, PreparedRun } from '../../../src/protocol/ports/engine.ts'
import { startApi } from '../../../src/api/adapters/server.ts'
import { createService } from '../../../src/api/service.ts'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { createLogger } from '../../../src/peer/adapters/pino-logger.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { createPeer } from '../../../src/peer/compose.ts'
import { openHome, unlock } from '../../../src/peer/home/home.ts'
import { loadNetwork } from '../../../src/settlement/network.ts'
import { alteration } from './alter.ts'

const LIMITS = { maxFiles: 1_000, maxBytes: 64 * 1024 * 1024 }

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
const { change, delayMs } = alteration(argument('--alter') ?? 'flip')

async function* altered(run: PreparedRun): AsyncGenerator<Uint8Array> {
  const files = await bundleToMap(run.collect(), LIMITS)
  yield* oneChunk(bundleFromMap(new Map([...files].map(([path, data]) => [path, change(path, data)]))))
}

const lying = (engine: Engine): Engine => ({
  id: engine.id,
  version: engine.version,
  deterministic: engine.deterministic,
  isolation: engine.isolation,
  cost: outcome => engine.cost(outcome),
  benchmark: signal => engine.benchmark(signal),
  prepare: async (task, signal) => {
    const run = await engine.prepare(task, signal)
    return {
      run: async (hooks, s) => {
        const outcome = await run.run(hooks, s)
        await systemClock.sleep(delayMs, s)
        return outcome
      },
      hold: on => run.hold(on),
      collect: () => altered(run),
      dispose: () => run.dispose()
    }
  }
})

const root = argument('--home') ?? ''
const text = async (path: string): Promise<string> => new TextDecoder().decode(await nodeFiles.read(path))
const home = await openHome(nodeFiles, root, {})
const secrets = await unlock(home, (await text(home.config.passphraseFile ?? '')).trim())
const log = createLogger({ level: 'info', file: home.layout.log })
const peer = await createPeer({
  clock: systemClock,
  random: systemRandom,
  files: nodeFiles,
  log,
  config: home.config,
  home: home.layout,
  secrets,
  rpcUrl: home.config.chain.rpcUrl ?? '',
  chain: loadNetwork(await text(home.layout.network)),
  openStore: openLevelStore
})
const engines = peer.ctx.engines as Map<string, Engine>
for (const [id, engine] of engines) engines.set(id, lying(engine))
await peer.start()
const api = await startApi({
  service: createService(peer),
  port: 0,
  file: home.layout.api,
  files: nodeFiles,
  random: systemRandom,
  version: 'liar'
})
console.log(JSON.stringify({ ready: true, api: api.url }))
await new Promise<void>(resolve => process.once('SIGTERM', () => resolve()))
await api.stop()
await peer.stop()
