import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { readStats } from '../../../src/executor/adapters/usage.ts'
import { request } from '../../support/tasks.ts'
import { looper } from '../../support/wasm.ts'
import { native } from '../../escape/boxes.ts'
import { EVERY_CALL, everyCall } from '../../escape/every-call.ts'
import {
  escapes,
  exchangedFolderGetsIn,
  LAST_RESORT,
  layers,
  layersOf,
  withoutGroups
} from '../../escape/layers.ts'
import { programsFor, quickPrograms } from '../../escape/list.ts'
import { boxedWasm, tryModule } from '../../escape/module-trial.ts'
import { modules } from '../../escape/modules.ts'
import { attempt, missingForTrials, openStage, type Stage } from '../../escape/trial.ts'
import { archOf } from '../../../src/executor/sandbox/seccomp/filter.ts'

const arch = archOf(process.arch) ?? 'x64'
const missing = await missingForTrials()
if (missing !== undefined)
  console.log(`      skipped: hostile programs in the sandbox need what is not here: ${missing}`)

// the programs that must be ended by force, and the boxes of all engines: npm run test:escape
;(missing === undefined ? describe : describe.skip)('a hostile program in the sandbox', function () {
  this.timeout(120_000)
  let stage: Stage
  before(async () => {
    stage = await openStage()
  })
  after(() => stage.close())

  for (const program of quickPrograms(arch))
    it(`${program.name}: kept in`, async () => {
      const { ok, said } = await attempt(stage, native, program)
      expect(ok, said).to.equal(true)
    })

  it(`${EVERY_CALL}: the kernel answers as the filter says`, async () => {
    const { ok, said } = await attempt(stage, native, everyCall(arch))
    expect(ok, said).to.equal(true)
  })

  for (const layer of layers)
    it(`gets out when the layer "${layer.name}" is taken away, and not with it`, async function () {
      if (!layersOf(stage.host).includes(layer)) return this.skip()
      expect(await escapes(stage, layer, true)).to.not.deep.equal([])
      expect(await escapes(stage, layer, false)).to.deep.equal([])
    })

  for (const program of programsFor(arch).filter(p => LAST_RESORT.includes(p.name)))
    it(`${program.name}: stopped by the limits of single processes where there are no groups`, async () => {
      const { ok, said } = await attempt(withoutGroups(stage), native, program)
      expect(ok, said).to.equal(true)
      const bare = { ...withoutGroups(stage), host: { ...withoutGroups(stage).host, prlimit: undefined } }
      if (program.want === 'held') expect((await attempt(bare, native, program)).ok).to.equal(false)
    })

  it('is not shown a folder that was exchanged while it was mounted', async () => {
    expect(await exchangedFolderGetsIn(stage, {})).to.equal(false)
    expect(await exchangedFolderGetsIn(stage, { mountCheck: true })).to.equal(true)
  })
})

;(missing === undefined ? describe : describe.skip)('a hostile module in the boxed wasm engine', function () {
  this.timeout(120_000)
  let stage: Stage
  before(async () => {
    stage = await openStage()
  })
  after(() => stage.close())

  for (const module of modules.filter((_, i) => i % 5 === 0))
    it(`${module.name}: ${module.want}`, async () => {
      const { ok, said } = await tryModule(boxedWasm(stage.host), module)
      expect(ok, said).to.equal(true)
    })

  it('has its memory limited where there are no groups, also when its runner waited for it', async () => {
    const engine = boxedWasm(withoutGroups(stage).host)
    engine.warm?.()
    const memoryBytes = 32 << 20
    const run = await engine.prepare(
      request({ module: looper(), limits: { memoryBytes } }),
      new AbortController().signal
    )
    const runner = readStats().find(p =>
      readFileSync(`/proc/${p.pid}/cmdline`, 'latin1').startsWith('/shoal/node')
    )
    const limits = readFileSync(`/proc/${runner?.pid}/limits`, 'latin1')
    await run.dispose()
    await engine.close?.()
    const data = Number(/^Max data size +(\d+) +\1 /m.exec(limits)?.[1])
    expect(data, limits).to.be.within(memoryBytes, 2 ** 31)
    expect(limits).to.match(/^Max processes +64 +64 /m)
  })
})
