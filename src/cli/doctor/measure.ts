/** `doctor --measure`: processor, memory and disk, by the same code that answers challenges. */
import { availableParallelism, tmpdir } from 'node:os'
import { engineMultiplier } from '../../executor/capacity/matmul.ts'
import { measure } from '../../executor/capacity/measure.ts'
import { createWasmEngine } from '../../executor/wasm/engine.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import { formatSize } from '../../protocol/units.ts'
import type { Cli } from '../context.ts'
import { ok, type Finding } from './check.ts'

export async function measureFindings(cli: Cli, root: string, signal: AbortSignal): Promise<Finding[]> {
  const { clock, files } = cli
  const engine = createWasmEngine({ clock, log: createLogger({ level: 'silent' }) })
  const lanes = Math.max(1, Math.floor(availableParallelism() / 2))
  // the disk that matters is the home's, when there is one
  const folder = (await files.stat(root))?.kind === 'folder' ? root : tmpdir()
  const m = await measure({ clock, files, multiplier: engineMultiplier(engine, lanes), folder }, signal)
  return [
    ok('processor', `${m.cpu} million multiply-adds a second in the wasm engine, ${m.lanes} at a time`),
    ok('memory', `${formatSize(m.memory)} a second copied`),
    ok('disk speed', `${formatSize(m.diskWrite)} a second written, ${formatSize(m.diskRead)} read`)
  ]
}
