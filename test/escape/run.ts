/**
 * `npm run test:escape`: hostile programs in the box of every native engine, every system call against the filter, hostile modules for
 * the wasm engine, and each layer of the sandbox taken away in turn, which something must notice.
 */
import { boxes, native } from './boxes.ts'
import { programsFor } from './list.ts'
import { escapes, exchangedFolderGetsIn, LAST_RESORT, layersOf, withoutGroups } from './layers.ts'
import { EVERY_CALL } from './every-call.ts'
import { modules } from './modules.ts'
import { boxedWasm, tryModule } from './module-trial.ts'
import { attempt, missingForTrials, openStage, type Verdict } from './trial.ts'

const missing = await missingForTrials()
if (missing !== undefined) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}
const only = process.argv[2]
const stage = await openStage()
let failed = 0
const show = (engine: string, v: Verdict): void => {
  if (!v.ok) failed++
  console.log(`${v.ok ? 'ok  ' : 'FAIL'}  ${engine.padEnd(8)}  ${v.name.padEnd(66)}  ${v.said}`)
}
try {
  for (const { engine, box } of boxes)
    for (const program of programsFor(stage.host.arch)) {
      // it forks for each call
      if (box.processes === 'one' && program.name === EVERY_CALL) continue
      if (only === undefined || program.name.includes(only)) show(engine, await attempt(stage, box, program))
    }
  const engine = boxedWasm(stage.host)
  for (const module of modules)
    if (only === undefined || module.name.includes(only)) show('module', await tryModule(engine, module))
  if (only === undefined) {
    for (const layer of layersOf(stage.host)) {
      const noticed = await escapes(stage, layer, true)
      const said = noticed.length > 0 ? `noticed: ${noticed.join('; ')}` : 'nothing noticed'
      show('without', { name: layer.name, ok: noticed.length > 0, said })
    }
    for (const program of programsFor(stage.host.arch).filter(p => LAST_RESORT.includes(p.name)))
      show('prlimit', await attempt(withoutGroups(stage), native, program))
    const [checked, unchecked] = [
      await exchangedFolderGetsIn(stage, {}),
      await exchangedFolderGetsIn(stage, { mountCheck: true })
    ]
    show('all', {
      name: 'a folder is exchanged while it is mounted',
      ok: !checked,
      said: checked ? 'got in' : 'held'
    })
    show('without', {
      name: 'mountCheck',
      ok: unchecked,
      said: unchecked ? 'noticed: the folder got in' : 'nothing noticed'
    })
  }
} finally {
  await stage.close()
}
console.log(failed === 0 ? 'all were kept in' : `${failed} were not kept in`)
process.exitCode = failed === 0 ? 0 : 1
