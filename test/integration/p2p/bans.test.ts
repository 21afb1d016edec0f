import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPeerNetwork, type P2PNetwork } from '../../../src/p2p/network.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import {
  addressOf,
  isConnected,
  MemoryLog,
  startPeer,
  stopAll,
  systemClock,
  systemRandom,
  until
} from './fixtures.ts'

describe('bans over a restart', () => {
  let folder: string
  let log: MemoryLog
  const seed = new Uint8Array(randomBytes(32))
  const running: P2PNetwork[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-bans-'))
  })
  afterEach(async () => {
    await stopAll()
    for (const n of running.splice(0)) await n.stop()
    await rm(folder, { recursive: true })
  })

  /** One run of the same peer: a new object over the same folder. */
  async function run(): Promise<P2PNetwork> {
    log = new MemoryLog()
    const network = await createPeerNetwork({
      ...{ profile: 'full', networkId: 'test', seed, listen: ['/ip4/127.0.0.1/tcp/0'] },
      ...{ clock: systemClock, random: systemRandom, log, folder, files: nodeFiles }
    })
    await network.start()
    running.push(network)
    return network
  }
  const path = (): string => join(folder, 'bans.json')
  const warned = (): boolean => log.lines.some(l => l.message.includes('file of bans'))

  it('an attacker that was banned is refused after a restart, and an honest peer is not', async () => {
    const first = await run()
    const attacker = await startPeer()
    await attacker.connect(addressOf(first))
    await until('connected', () => isConnected(first, attacker))
    for (let i = 0; i < 4; i++) first.report(attacker.peerId, 'invalid')
    await until('thrown out', () => !isConnected(first, attacker))
    await first.stop()

    const again = await run()
    const honest = await startPeer()
    await attacker.connect(addressOf(again)).catch(() => undefined) // the dial may succeed before the other side refuses
    await honest.connect(addressOf(again))
    await until('the honest one is there', () => isConnected(again, honest))
    await until('the attacker is told', () => !isConnected(attacker, again))
    expect(isConnected(again, attacker)).to.equal(false)
    expect(warned()).to.equal(false)
  })

  it('is on the disk when the peer is killed soon after', async () => {
    const first = await run()
    const attacker = await startPeer()
    for (let i = 0; i < 4; i++) first.report(attacker.peerId, 'invalid')
    await until('written', async () => (await readdir(folder)).includes('bans.json'))
    expect(await readFile(path(), 'utf8')).to.contain(attacker.peerId)
  })

  it('one that has ended is dropped, one from a clock set wrong is cut to a day', async () => {
    const [ended, wrong] = await Promise.all([startPeer(), startPeer()])
    const entry = (p: P2PNetwork, until: number) => ({ peer: p.peerId, until, times: 1 })
    const bans = [entry(ended, Date.now() - 1), entry(wrong, Date.now() + 10 ** 12)]
    await writeFile(path(), JSON.stringify({ v: 1, bans }))
    const network = await run()
    for (const p of [ended, wrong]) await p.connect(addressOf(network)).catch(() => undefined)
    await until('the first is there', () => isConnected(network, ended))
    expect(isConnected(network, wrong)).to.equal(false)
    const attacker = await startPeer()
    for (let i = 0; i < 4; i++) network.report(attacker.peerId, 'invalid')
    await network.stop()
    const kept = JSON.parse(await readFile(path(), 'utf8')) as { bans: { peer: string; until: number }[] }
    expect(kept.bans.map(b => b.peer)).to.deep.equal([wrong.peerId, attacker.peerId])
    expect(kept.bans[0]?.until).to.be.within(Date.now(), Date.now() + 24 * 3_600_000)
  })

  it('says what each rests on, and is taken up with it; one of the first version had nothing to say', async () => {
    const first = await run()
    const [liar, old] = await Promise.all([startPeer(), startPeer()])
    first.accuse(liar.peerId, 'huge-frame', 'a frame of 9 MiB')
    await first.stop()
    const text = await readFile(path(), 'utf8')
    expect(text.split('\n').length, 'a person can read it').to.be.above(5)
    const [kept] = (JSON.parse(text) as { bans: Record<string, unknown>[] }).bans
    expect(kept).to.include({ peer: liar.peerId, kind: 'huge-frame', seen: 'a frame of 9 MiB', times: 1 })
    expect(kept?.['at']).to.be.within(Date.now() - 60_000, Date.now())
    const again = await run()
    const [ban] = again.health().bans
    expect(ban).to.include({ peer: liar.peerId, kind: 'huge-frame', seen: 'a frame of 9 MiB', times: 1 })
    expect(ban?.until).to.be.within(Date.now() + 29 * 60_000, Date.now() + 30 * 60_000)
    await again.stop()

    const entry = { peer: old.peerId, until: Date.now() + 60_000, times: 2 }
    await writeFile(path(), JSON.stringify({ v: 1, bans: [entry] }))
    const third = await run()
    expect(third.health().bans[0]).to.include({ peer: old.peerId, kind: 'unrecorded', seen: '', times: 2 })
    expect(warned()).to.equal(false)
  })

  it('one that is forgiven is gone from the disk too', async () => {
    const first = await run()
    const other = await startPeer()
    first.accuse(other.peerId, 'huge-frame', '')
    expect([first.forgive(other.peerId), first.forgive(other.peerId)]).to.deep.equal([true, false])
    await first.stop()
    const again = await run()
    await other.connect(addressOf(again))
    await until('it is let in', () => isConnected(again, other))
    expect(again.health().bans).to.deep.equal([])
  })

  for (const [what, text] of [
    ['is cut off', '{"v":1,"bans":[{"pe'],
    ['holds something else', '{"v":1,"bans":[{"peer":"../x","until":1,"times":1}]}'],
    ['is of another version', '{"v":3,"bans":[]}'],
    ['has a ban without evidence', '{"v":2,"bans":[{"peer":"x","until":1,"times":1}]}'],
    ['is too large', ' '.repeat(600 * 1024)]
  ] as const) {
    it(`a file that ${what} is ignored with a warning, and the peer starts`, async () => {
      await writeFile(path(), text)
      const network = await run()
      expect(warned()).to.equal(true)
      const other = await startPeer()
      await other.connect(addressOf(network))
      await until('it works', () => isConnected(network, other))
    })
  }
})
