/** A sample of what `npm run test:escape` tries on containers. */
import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openContainers } from '../../../src/executor/container/adapters/open.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { noLog } from '../../support/tasks.ts'
import { rawImage, rawTar } from '../../escape/container/raw-tar.ts'
import { hostileImages } from '../../escape/container/images.ts'
import { tryImage } from '../../escape/container/image-trial.ts'
import { containerLayers, escapesContainer } from '../../escape/container/layers.ts'
import { containerPrograms, SAMPLE } from '../../escape/container/programs.ts'
import {
  attemptContained,
  missingForContainers,
  openContainerStage,
  type ContainerStage
} from '../../escape/container/trial.ts'

const missing = missingForContainers()
if (missing !== undefined)
  console.log(`      skipped: hostile programs in containers need what is not here: ${missing}`)

const IMAGES = new Set([
  'has a link to the host in place of /dev',
  'asks for hooks by annotations',
  'brings devices along',
  'preloads a library into whoever starts it'
])

;(missing === undefined ? describe : describe.skip)('in a container of the engine', function () {
  this.timeout(120_000)
  let stage: ContainerStage
  before(async () => {
    stage = await openContainerStage()
  })
  after(() => stage.close())

  for (const program of containerPrograms().filter(({ name }) => SAMPLE.has(name)))
    it(`${program.name}: kept in`, async () => {
      const { ok, said } = await attemptContained(stage, program)
      expect(ok, said).to.equal(true)
    })

  for (const image of hostileImages.filter(({ name }) => IMAGES.has(name)))
    it(`an image that ${image.name}: kept in`, async () => {
      const { ok, said } = await tryImage(stage, image)
      expect(ok, said).to.equal(true)
    })

  for (const layer of containerLayers.filter(({ name }) => name === 'seccomp' || name === 'quota'))
    it(`its programs get out when the layer "${layer.name}" is taken away`, async () => {
      expect(await escapesContainer(stage, layer, true)).to.have.members([...layer.stops])
    })

  it('an image of the owner that has a link in place of /dev keeps the peer from selling containers', async () => {
    const tar = join(stage.folder, 'owner.tar')
    await writeFile(tar, rawImage({ layers: [rawTar([{ path: 'dev', link: '../../../../../tmp' }])] }))
    const tag = `localhost/shoal-escape-owner-${process.pid}:1`
    const podman = (...args: string[]): string =>
      spawnSync('podman', args, { encoding: 'utf8' }).stdout.trim()
    try {
      podman('tag', /([0-9a-f]{64})/.exec(podman('load', '--quiet', '--input', tar))?.[1] ?? '', tag)
      const image = podman('image', 'inspect', '--format', '{{index .RepoDigests 0}}', tag)
      const policy = { images: [image], uploads: false }
      const parts = { clock: systemClock, log: noLog, host: { version: '4.3.1' }, policy, gpu: false }
      await openContainers(parts).then(
        () => expect.fail('it was taken'),
        (e: Error) => expect(e.message).to.match(/in place of \/dev/)
      )
    } finally {
      podman('rmi', '--force', tag)
      await rm(tar)
    }
  })

  it('every name of the sample is that of a program or an image', () => {
    const names = new Set([...containerPrograms(), ...hostileImages].map(({ name }) => name))
    for (const name of [...SAMPLE, ...IMAGES]) expect([...names]).to.include(name)
  })
})
