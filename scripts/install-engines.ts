/** Puts the engine packs that the tests use below .engines/, with the code behind `shoal engine add`: `npm run engines:install`. */
import { fileURLToPath } from 'node:url'
import { systemNpm } from '../src/executor/adapters/npm.ts'
import { probeOnnx } from '../src/executor/onnx/probe.ts'
import { installPack, sizeOf } from '../src/executor/packs/install.ts'
import { onnxPack } from '../src/executor/packs/onnx-pack.ts'
import { nodeFiles } from '../src/peer/adapters/node-files.ts'
import { systemClock } from '../src/peer/adapters/system-clock.ts'

const engines = fileURLToPath(new URL('../.engines', import.meta.url))
const { signal } = new AbortController()
const begun = performance.now()
const { platform, arch } = process
const folder = await installPack(
  onnxPack,
  engines,
  { files: nodeFiles, npm: systemNpm, platform, arch },
  f => probeOnnx(f, systemClock, signal),
  signal
)
const megabytes = Math.round((await sizeOf(nodeFiles, folder)) / 1e6)
console.log(
  `${onnxPack.main} ${onnxPack.version}: ${megabytes} MB, ${Math.round(performance.now() - begun)} ms`
)
