/**
 * `npm run test:escape`: hostile programs in the box of every native engine and in containers, every system call against the filter,
 * hostile modules for the wasm engine, hostile images for containers, and each layer of sandbox and container taken away in turn, which
 * something must notice. A word after `--` runs what has it in its name.
 */
import { boxes, native } from './boxes.ts'
import { programsFor } from './list.ts'
import { escapes, exchangedFolderGetsIn, LAST_RESORT, layersOf, withoutGroups } from './layers.ts'
import { EVERY_CALL } from './every-call.ts'
import { modules } from './modules.ts'
import { boxedWasm, tryModule } from './module-trial.ts'
import { tryContainers } from './container/suite.ts'
import { missingForContainers } from './container/trial.ts'
import { attempt, missingForTrials, openStage, type Stage, type Verdict } from './trial.ts'

const only = process.argv[2]
let failed = 0
const show = (engine: string, v: Verdict): void => {
  if (!v.ok) failed++
  console.log(`${v.ok ? 'ok  ' : 'FAIL'}  ${engine.padEnd(8)}  ${v.name.padEnd(66)}  ${v.said}`)
}
/** Everything that needs bubblewrap. */
async function trySandbox(): Promise<void> {
  const stage = await openStage()
  try {
    await tryPrograms(stage)
    const engine = boxedWasm(stage.host)
    for (const module of modules)
      if (only === undefined || module.name.includes(only)) show('module', await tryModule(engine, module))
    if (only === undefined) await tryLayers(stage)
  } finally {
    await stage.close()
  }
}

async function tryPrograms(stage: Stage): Promise<void> {
  for (const { engine, box } of boxes)
    for (const program of programsFor(stage.host.arch)) {
      // it forks for each call
      if (box.processes === 'one' && program.name === EVERY_CALL) continue
      if (only === undefined || program.name.includes(only)) show(engine, await attempt(stage, box, program))
    }
}

async function tryLayers(stage: Stage): Promise<void> {
  for (const layer of layersOf(stage.host)) {
    const noticed = await escapes(stage, layer, true)
    const said = noticed.length > 0 ? `noticed: ${noticed.join('; ')}` : 'nothing noticed'
    show('without', { name: layer.name, ok: noticed.length > 0, said })
  }
  for (const program of programsFor(stage.host.arch).filter(p => LAST_RESORT.includes(p.name)))
    show('prlimit', await attempt(withoutGroups(stage), native, program))
  const checked = await exchangedFolderGetsIn(stage, {})
  const unchecked = await exchangedFolderGetsIn(stage, { mountCheck: true })
  const name = 'a folder is exchanged while it is mounted'
  show('all', { name, ok: !checked, said: checked ? 'got in' : 'held' })
  const said = unchecked ? 'noticed: the folder got in' : 'nothing noticed'
  show('without', { name: 'mountCheck', ok: unchecked, said })
}

const parts = [
  { name: 'sandbox', missing: await missingForTrials(), work: trySandbox },
  { name: 'containers', missing: missingForContainers(), work: () => tryContainers(show, only) }
]
for (const { name, missing, work } of parts)
  if (missing === undefined) await work()
  else console.log(`skipped: ${name}: ${missing}`)
const tried = parts.some(({ missing }) => missing === undefined)
if (tried) console.log(failed === 0 ? 'all were kept in' : `${failed} were not kept in`)
process.exitCode = failed === 0 ? 0 : 1
