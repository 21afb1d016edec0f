/** Replicas whose results are not equal to the byte, bought on a devnet with the real engines: who rounds otherwise is paid, who lies is not. */
import { expect } from 'chai'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { startChild, type Child } from '../../src/devnet/adapters/child.ts'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { decodePng } from '../../src/executor/blender/png.ts'
import { enginesFolder, needBlender, needOnnx } from '../support/engines.ts'
import { needSandbox } from '../support/sandbox.ts'
import { example, shoal, until } from '../support/e2e/cli.ts'
import { submit } from '../support/e2e/jobs.ts'
import { connect, jobUntil, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'

const PEER = fileURLToPath(new URL('../support/e2e/liar.ts', import.meta.url))
const COPIES = { 'verify.tier': 'replicas', 'verify.copies': 3, 'match.window': '4s', 'match.bids': 3 }
/** A result is held back until those before it are in: three processes on a busy machine keep no order by themselves. */
const [SECOND, THIRD] = ['delay:6000', 'delay:12000']

describe('results compared on a devnet', function () {
  this.timeout(300_000)
  let world: World
  let buyer: Buyer
  let casts = 0
  const players = new Map<number, Child<unknown>>()

  /** A devnet of three peers that sell one engine, each with what it does to its results. */
  async function open(engine: string, ...alterations: string[]): Promise<void> {
    const provider = { engines: [engine as 'onnx'], enginesFolder }
    world = await startWorld(`compare-${engine}`, { peers: 3, slots: 1, config: { provider } })
    buyer = await world.buyer()
    await Promise.all(alterations.map((alter, i) => cast(i, alter)))
  }
  async function close(): Promise<void> {
    await Promise.all([...players.values()].map(p => p.stop()))
    players.clear()
    await world?.stop()
  }

  /** Starts a peer again with another alteration; ends when the buyer has heard of it. */
  async function cast(i: number, alter: string): Promise<void> {
    const peer = world.net.peers[i]
    if (peer === undefined) throw new Error(`no peer ${i}`)
    await (players.get(i)?.stop() ?? peer.child.stop())
    const layout = layoutOf(peer.home)
    const ask = `0.00000${100 + ++casts}`
    const config = parse(await readFile(layout.config, 'utf8')) as { provider: object; p2p: object }
    // all three start again: on another port nobody would find them
    const p2p = {
      ...config.p2p,
      listen: peer.child.ready.addresses.slice(0, 1).map(a => a.split('/p2p/')[0])
    }
    const changed = { ...config, p2p, provider: { ...config.provider, ask } }
    await writeFile(layout.config, stringify(changed))
    const log = join(world.net.folder, 'logs', `${peer.name}-${casts}.log`)
    const args = ['--home', peer.home, '--alter', alter]
    players.set(i, await startChild(peer.name, { program: PEER, args, env: {}, log }))
    await until('the requester hears of it', 60_000, async () => {
      const { offers } = await buyer.client.call<{ offers: { operator: string; ask: string }[] }>(
        'GET',
        '/v1/offers'
      )
      return offers.some(o => o.operator === peer.operator && o.ask === ask)
    })
  }

  /** Buys a job in three copies; ends when one is refused and two are paid. */
  async function buy(file: string, name: string, overrides: object): Promise<FullJobView> {
    const out = join(world.folder, name)
    const sent = await submit(buyer.client, file, {
      out,
      overrides: { ...COPIES, ...overrides },
      challengeSeconds: 90
    })
    return await jobUntil(
      buyer.client,
      sent.id,
      'two copies are paid and one is refused',
      j =>
        j.state === 'failed' ||
        (j.executionList.filter(e => e.state === 'settled').length === 2 &&
          j.executionList.some(e => e.state === 'disputed')),
      200_000
    )
  }
  const byPeer = (job: FullJobView, i: number) =>
    job.executionList.find(e => e.operator === world.net.peers[i]?.operator && e.result !== undefined)
  /** The rule of the job as its provider has it from the offer. */
  async function shownTo(i: number, job: FullJobView): Promise<unknown> {
    const client = await connect(world.net.peers[i]?.home ?? '')
    const { executions } = await client.call<{ executions: { agreement: string; compare: unknown }[] }>(
      'GET',
      '/v1/executions'
    )
    return executions.find(e => e.agreement === byPeer(job, i)?.agreement)?.compare
  }
  /** One peer was refused with this reason, which people see; the others were paid for results of their own. */
  async function refused(job: FullJobView, who: number, reason: RegExp): Promise<void> {
    const lie = byPeer(job, who)
    expect(lie?.state, story(job)).to.equal('disputed')
    expect(lie?.failure?.code).to.equal('RESULT_MISMATCH')
    expect(lie?.failure?.message).to.match(reason)
    // nothing for the result; checkpoints before it were acknowledged on their provider's word
    expect(Number(lie?.acknowledged), 'signed for').to.be.at.most(0.9 * Number(lie?.price))
    const others = [0, 1, 2].filter(i => i !== who).map(i => byPeer(job, i))
    expect(
      others.map(e => e?.state),
      story(job)
    ).to.deep.equal(['settled', 'settled'])
    expect(others.filter(e => e?.stands === true)).to.have.lengthOf(1)
    const text = await shoal(['job', job.id], { home: world.net.requester.home })
    expect(text.stdout).to.match(new RegExp(`Refused  shard 0 attempt \\d of .*: .*${reason.source}`))
  }

  describe('onnx', () => {
    before(async function () {
      needOnnx(this)
      await needSandbox(this)
      await open('onnx', THIRD, `scale:1e-7,${SECOND}`, 'scale:1e-2')
    })
    after(close)
    const TRAIN = example('onnx-digits/train.yaml')
    /** Without checkpoints, which are paid for on their provider's word. */
    const args = [
      ...[
        'train',
        '--x',
        'train-x.npy',
        '--t',
        'train-t.npy',
        '--template',
        'template.onnx',
        '--steps',
        '500'
      ],
      ...['--every', '500', '--batch', '32', '--lr', '0.2', '--seed', '7']
    ]

    it('weights that are off by 1e-7, as another processor might give them, are paid; off by 1e-2 they are disputed', async () => {
      const job = await buy(TRAIN, 'tolerance', { 'task.args': args })
      await refused(job, 2, /(model\.onnx|weights\/\w+\.npy) .* differ by [\d.e-]+, at most/)
      expect(job.compare).to.deep.equal({ by: 'tolerance', absolute: 1e-6, relative: 1e-4 })
      expect(await shownTo(2, job)).to.deep.equal(job.compare)
      expect(byPeer(job, 2)?.acknowledged, 'what was signed for').to.equal('0')
      const [a, b] = [byPeer(job, 0), byPeer(job, 1)]
      expect(a?.result, 'their bytes').not.to.equal(b?.result)
      const kept = await readFile(join(job.out, 'model.onnx'))
      expect(kept.length).to.be.greaterThan(1000)
    })

    it('by bytes the one that is off by 1e-7 is disputed: the rule decides, and the provider saw it before', async () => {
      await cast(2, THIRD)
      const job = await buy(TRAIN, 'bytes', { 'task.args': args, 'verify.compare': { by: 'bytes' } })
      await refused(job, 1, /model\.onnx has other bytes/)
      expect(await shownTo(1, job)).to.deep.equal({ by: 'bytes' })
      expect(byPeer(job, 0)?.result).to.equal(byPeer(job, 2)?.result)
    })
  })

  describe('blender', () => {
    let version: string
    before(async function () {
      version = needBlender(this)
      await needSandbox(this)
      await open('blender', THIRD, `repack,${SECOND}`, 'repaint')
    })
    after(close)

    it('equal pixels in another file are paid, a picture that was painted over is disputed', async () => {
      const job = await buy(example('blender-frames/job.yaml'), 'frames', {
        count: 1,
        'task.version': version,
        'task.args': ['--frames', '1', '--size', '160x90', '--samples', '4', '--seed', '1']
      })
      await refused(job, 2, /frame-0001\.png \d+ pixels or more .* are off by more than 2 of 255/)
      expect(byPeer(job, 0)?.result, 'their bytes').not.to.equal(byPeer(job, 1)?.result)
      expect(decodePng(await readFile(join(job.out, 'frame-0001.png'))).width).to.equal(160)
    })
  })
})
