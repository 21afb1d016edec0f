/** Jobs of the engines that do real work, bought on a devnet: every party is a process of its own. */
import { expect } from 'chai'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Advert } from '../../src/cli/offers/advert.ts'
import { decodePng } from '../../src/executor/blender/png.ts'
import { array, exampleFile } from '../support/onnx.ts'
import type { ConfigInput } from '../../src/peer/home/config-schema.ts'
import { containerLeftovers, needContainers, shellImage } from '../support/container.ts'
import { enginesFolder, needBlender, needOnnx } from '../support/engines.ts'
import { needSandbox } from '../support/sandbox.ts'
import { example } from '../support/e2e/cli.ts'
import { submit } from '../support/e2e/jobs.ts'
import { jobEnd, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'

/** What examples/onnx-digits promises, of digits that were not learnt from. */
const ACCURACY = 0.95

describe('engines on a devnet', function () {
  this.timeout(400_000)
  let world: World | undefined
  let buyer: Buyer

  /** A devnet of three peers that sell one engine. */
  const sell = async (
    engine: 'onnx' | 'blender' | 'container',
    more: Partial<ConfigInput['provider']> = {}
  ): Promise<World> => {
    await world?.stop()
    const provider = { engines: [engine], enginesFolder, ...more }
    world = await startWorld(engine, { peers: 3, slots: 1, config: { provider } })
    buyer = await world.buyer()
    return world
  }
  after(async () => await world?.stop())

  it('onnx: a net learns digits in one job and reads others in a second, and the books are conserved', async function () {
    needOnnx(this)
    await needSandbox(this)
    const { folder, ledger } = await sell('onnx')
    const before = await ledger.snapshot()
    const trained = join(folder, 'trained')
    const first = await submit(buyer.client, example('onnx-digits/train.yaml'), { out: trained })
    const learning = await jobEnd(buyer.client, first.id)
    expect(learning.state, story(learning)).to.equal('settled')
    const out = join(folder, 'read')
    const overrides = { 'task.module': join(trained, 'model.onnx'), count: 3, gather: 'concat' }
    const second = await submit(buyer.client, example('onnx-digits/infer.yaml'), { out, overrides })
    const reading = await jobEnd(buyer.client, second.id)
    expect(reading.state, story(reading)).to.equal('settled')
    const said = (await readFile(join(out, 'label.csv'), 'utf8')).trim().split('\n').map(Number)
    const right = Array.from(array(new Map([['t', exampleFile('test-t.npy')]]), 't').data, Number)
    expect(said.length).to.equal(right.length)
    const share = right.filter((label, i) => label === said[i]).length / right.length
    console.log(`      ${(100 * share).toFixed(1)} % of ${right.length} digits that were not learnt from`)
    expect(share).to.be.at.least(ACCURACY)
    const books = await ledger.books(before, learning, reading)
    expect(books.conserved, story(reading)).to.equal(true)
    expect(books.paid > 0n).to.equal(true)
  })

  it('blender: eight frames over three peers', async function () {
    const version = needBlender(this)
    await needSandbox(this)
    const { folder, ledger } = await sell('blender')
    const before = await ledger.snapshot()
    const out = join(folder, 'frames')
    const { id } = await submit(buyer.client, example('blender-frames/job.yaml'), {
      out,
      overrides: { 'task.version': version }
    })
    const job = await jobEnd(buyer.client, id, 300_000)
    expect(job.state, story(job)).to.equal('settled')
    expect(new Set(job.executionList.filter(e => e.state === 'settled').map(e => e.provider)).size).to.equal(
      3
    )
    const pictures = new Set<string>()
    for (let shard = 0; shard < 8; shard++) {
      expect(await readdir(join(out, String(shard)))).to.deep.equal([`frame-000${shard + 1}.png`])
      const bytes = await readFile(join(out, String(shard), `frame-000${shard + 1}.png`))
      const { width, height, data } = decodePng(bytes)
      expect([width, height]).to.deep.equal([320, 180])
      pictures.add(Buffer.from(data).toString('base64'))
    }
    expect(pictures.size, 'every frame is another picture').to.equal(8)
    const books = await ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
  })

  it('container: a stranger’s image says hello from three shards, and nothing of it is left', async function () {
    needContainers(this)
    const { folder, ledger } = await sell('container', { containers: { enabled: true, uploads: true } })
    const before = await ledger.snapshot()
    const out = join(folder, 'hello')
    await writeFile(join(folder, 'image.tar'), shellImage())
    const { id } = await submit(buyer.client, example('container-hello/job.yaml'), {
      out,
      overrides: { 'task.module': join(folder, 'image.tar') }
    })
    const job = await jobEnd(buyer.client, id)
    expect(job.state, story(job)).to.equal('settled')
    const said = await readFile(join(out, 'hello.txt'), 'utf8')
    expect(said.trim().split('\n')).to.deep.equal(
      [0, 1, 2].map(shard => `hello from shard ${shard} of 3 after 4 rounds`)
    )
    const books = await ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
    expect(books.paid > 0n).to.equal(true)
    // nobody here runs this one: the job says so, instead of failing at a provider
    await writeFile(join(folder, 'other.json'), JSON.stringify({ image: `a/b@sha256:${'ab'.repeat(32)}` }))
    const strange = await submit(buyer.client, example('container-hello/job.yaml'), {
      out: join(folder, 'other'),
      overrides: { 'task.module': join(folder, 'other.json'), deadline: '6s', 'limits.wall': '3s' }
    })
    const { failure } = await jobEnd(buyer.client, strange.id)
    expect(failure?.code).to.equal('MATCH_TIMEOUT')
    expect(failure?.message).to.match(/of 3 known providers 3 not running its image; .*sha256:abab/)
    const { offers } = await buyer.client.call<{ offers: Advert[] }>('GET', '/v1/offers')
    for (const { containers } of offers) expect(containers).to.deep.equal({ images: [], uploads: true })
    expect(containerLeftovers()).to.deep.equal([])
  })
})
