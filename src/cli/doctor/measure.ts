/** `doctor --measure`: processor, memory, disk and GPU, by the same code that answers challenges. */
import { availableParallelism, tmpdir } from 'node:os'
import { chainMultiplier, findProvider } from '../../executor/capacity/chain.ts'
import { engineMultiplier } from '../../executor/capacity/matmul.ts'
import { measure } from '../../executor/capacity/measure.ts'
import { measureGpu } from '../../executor/capacity/measure-gpu.ts'
import { systemGpus } from '../../executor/gpu/adapters/probe.ts'
import { OnnxEngine } from '../../executor/onnx/engine.ts'
import { onnxPack } from '../../executor/packs/onnx-pack.ts'
import { findPack } from '../../executor/packs/pack.ts'
import { createWasmEngine } from '../../executor/wasm/engine.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import { enginesFolder } from '../../peer/engines.ts'
import type { OpenedHome } from '../../peer/home/home.ts'
import { formatSize } from '../../protocol/units.ts'
import type { Cli } from '../context.ts'
import { note, ok, type Finding } from './check.ts'

const NAME = 'gpu speed'

/** Nothing where there is no GPU. */
async function gpuFindings(cli: Cli, home: OpenedHome | undefined, signal: AbortSignal): Promise<Finding[]> {
  if (home === undefined || (await systemGpus.look(signal)).length === 0) return []
  const pack = await findPack(cli.files, enginesFolder(home.config, home.layout), onnxPack)
  if (pack === undefined)
    return [note(NAME, 'not measured: the engine onnx is not here', 'shoal engine add onnx')]
  const log = createLogger({ level: 'silent' })
  const engine = new OnnxEngine({ clock: cli.clock, log, pack, version: onnxPack.version })
  const { provider, refused } = await findProvider({ engine }, signal)
  if (provider === undefined)
    return [note(NAME, `the engine onnx does not compute on it: ${refused.join('; ')}`)]
  const score = await measureGpu(cli.clock, chainMultiplier({ engine, provider }), signal)
  return [
    ok(NAME, `${score} million multiply-adds a second in the onnx engine (${provider}), its start included`)
  ]
}

export async function measureFindings(
  cli: Cli,
  root: string,
  home: OpenedHome | undefined,
  signal: AbortSignal
): Promise<Finding[]> {
  const { clock, files } = cli
  const engine = createWasmEngine({ clock, log: createLogger({ level: 'silent' }) })
  const lanes = Math.max(1, Math.floor(availableParallelism() / 2))
  // the disk that matters is the home's, when there is one
  const folder = (await files.stat(root))?.kind === 'folder' ? root : tmpdir()
  const m = await measure({ clock, files, multiplier: engineMultiplier(engine, lanes), folder }, signal)
  return [
    ok('processor', `${m.cpu} million multiply-adds a second in the wasm engine, ${m.lanes} at a time`),
    ok('memory', `${formatSize(m.memory)} a second copied`),
    ok('disk speed', `${formatSize(m.diskWrite)} a second written, ${formatSize(m.diskRead)} read`),
    ...(await gpuFindings(cli, home, signal)),
    note('line', 'measured only together with others: see `proven network` of a running provider')
  ]
}
