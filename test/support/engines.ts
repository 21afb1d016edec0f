/** Engines that are installed on demand, and tests that need them. */
import type { Context } from 'mocha'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packFolder, packMark } from '../../src/executor/packs/pack.ts'
import { onnxPack } from '../../src/executor/packs/onnx-pack.ts'

/** Where `npm run engines:install` puts packs. */
export const enginesFolder = fileURLToPath(new URL('../../.engines', import.meta.url))
const onnxFolder = packFolder(enginesFolder, onnxPack)

/** The installed pack, or the test is skipped with the command that brings it. */
export function needOnnx(test: Context): string {
  if (!existsSync(packMark(onnxFolder))) {
    console.log('      skipped: ONNX Runtime is not here; bring it with: npm run engines:install')
    test.skip()
  }
  return onnxFolder
}

/** The version of the installed Blender, or the test is skipped with the command that brings it. */
export function needBlender(test: Context): string {
  const said = spawnSync('blender', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const version = /^Blender (\d+\.\d+\.\d+)/.exec(said)?.[1]
  if (version === undefined) {
    console.log(
      '      skipped: Blender is not here; bring it with: apt-get install --no-install-recommends blender'
    )
    test.skip()
  }
  return version ?? ''
}
