import { expect } from 'chai'
import { join } from 'node:path'
import { NOTHING } from '../../../src/market/classes.ts'
import { checkBootstrap } from '../../../src/cli/doctor/bootstrap.ts'
import { clockFinding } from '../../../src/cli/doctor/clock.ts'
import { checkPeer, type Status } from '../../../src/cli/doctor/peer.ts'
import { checkProven } from '../../../src/cli/doctor/proven.ts'
import { checkDisk, checkNode, checkVariables } from '../../../src/cli/doctor/machine.ts'
import { fundsOf } from '../../../src/cli/doctor/chain.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

interface Report {
  readonly ok: boolean
  readonly findings: readonly { name: string; state: string; said: string; next?: string }[]
}

const lonely: Status = {
  ...{ profile: 'light', connections: 0, providersKnown: 0, chain: { reachable: false } },
  network: {
    ...{ offences: {}, limited: {}, bans: [], bannedBy: [], doubted: [], troubles: [] },
    ...{ bootstrap: { known: 0, answered: 0, connected: 0 }, otherVersions: 0 }
  }
}

describe('doctor', function () {
  this.timeout(30_000)
  const folders: string[] = []
  after(async () => await Promise.all(folders.map(removeFolder)))

  async function examine(config: string | undefined, env: Record<string, string> = {}) {
    const folder = await makeFolder({}, config)
    folders.push(folder)
    const home = { SHOAL_HOME: join(folder, 'home'), ...env }
    const r = await runHere(['doctor', '--json'], folder, { ...cleanEnv(folder), ...home })
    expect(r.stderr).to.equal('')
    const report = JSON.parse(r.stdout) as Report
    const find = (name: string) => report.findings.find(f => f.name === name)
    for (const f of report.findings.filter(x => x.state === 'bad')) expect(f.next, f.name).to.be.a('string')
    return { code: r.code, report, find }
  }

  it('without a home: says so, and the command that makes one', async () => {
    const { code, find } = await examine(undefined)
    expect(code).to.equal(4)
    expect(find('home')?.state).to.equal('bad')
    expect(find('home')?.next).to.match(/^Run: shoal init --home \S+home$/)
    expect(find('node')?.state).to.equal('ok')
  })

  it('a wrong configuration is shown with its place', async () => {
    const { code, find } = await examine('profile: light\nlaese: 3s\n')
    expect(code).to.equal(1)
    expect(find('config')?.state).to.equal('bad')
    expect(find('config')?.said).to.match(/config\.yaml:2:1 unknown key 'laese'; did you mean 'lease'/)
  })

  it('a missing passphrase, a wrong one, and the right one', async () => {
    const light = 'profile: full\n'
    const missing = await examine(light)
    expect(missing.code).to.equal(4)
    expect(missing.find('keys')?.next).to.contain('--passphrase-file')
    expect((await examine(light, { SHOAL_PASSPHRASE: 'wrong' })).find('keys')?.state).to.equal('bad')
    expect((await examine(light, { SHOAL_PASSPHRASE: 'right' })).find('keys')?.state).to.equal('ok')
  })

  it('a light peer without a chain, and a chain that does not answer', async () => {
    const env = { SHOAL_PASSPHRASE: 'right' }
    const none = await examine('profile: light\n', env)
    expect(none.code).to.equal(1)
    expect(none.find('chain')?.next).to.contain('shoal devnet')
    const gone = await examine('profile: light\nchain: { rpcUrl: "http://127.0.0.1:1" }\n', env)
    expect(gone.find('chain')?.said).to.contain('network.json is missing')
  })

  it('a full home with its passphrase has nothing in the way', async () => {
    const { code, report } = await examine('profile: full\n', { SHOAL_PASSPHRASE: 'right' })
    expect(report.findings.filter(f => f.state === 'bad')).to.deep.equal([])
    expect(code).to.equal(0)
  })

  it('a misspelt variable is noticed', () => {
    const f = checkVariables({ SHOAL_PASPHRASE: 'x' })
    expect(f.state).to.equal('note')
    expect(f.said).to.contain('did you mean SHOAL_PASSPHRASE?')
    expect(f.next).to.equal('unset SHOAL_PASPHRASE')
  })

  it('an old Node, a full disk, no gas, money outside the vault, a lonely peer', async () => {
    expect(checkNode('20.18.0')).to.include({ state: 'bad' })
    expect(checkNode('22.18.9')).to.include({ state: 'bad' })
    for (const good of ['22.19.0', '23.0.0']) expect(checkNode(good)).to.include({ state: 'ok' })
    expect(await checkDisk('/', async () => 1_000)).to.include({ state: 'bad' })
    const account = { address: '0xme', gas: 1n, wallet: 0n, free: 0n, locked: 0n, staked: 0n } as never
    const of = (changes: object) => fundsOf({ ...(account as object), ...changes } as never)
    expect(of({ gas: 0n })).to.include({ state: 'bad', funds: true })
    expect(of({ wallet: 10n ** 18n }).next).to.equal('shoal wallet deposit 1')
    expect(of({ free: 1n }).state).to.equal('ok')
    const said = (changes: Partial<Status>): string[] =>
      checkPeer({ ...lonely, ...changes }).map(f => `${f.name} ${f.state}`)
    expect(said({})).to.deep.equal(['peer ok', 'its chain bad', 'bootstrap note', 'network note'])
  })

  it('nobody has answered, one has, nobody sells', async () => {
    const began = (known: number, answered: number) => ({
      ...lonely.network,
      bootstrap: { known, answered, connected: 0 }
    })
    const of = (changes: Partial<Status>) =>
      checkPeer({ ...lonely, chain: { reachable: true }, ...changes }).slice(2)
    const nobody = of({ network: began(3, 0) })
    expect(nobody.map(f => `${f.name} ${f.state} ${f.said}`)).to.deep.equal([
      'bootstrap bad 0 of 3 have answered',
      'network bad no peer connected'
    ])
    for (const f of nobody) expect(f.next).to.contain('shoal up --bootstrap')
    const some = of({ network: began(3, 1), connections: 2 })
    expect(some.map(f => `${f.name} ${f.state}`)).to.deep.equal(['bootstrap ok', 'network note'])
    expect(of({ network: began(0, 0), connections: 2, providersKnown: 1 }).map(f => f.state)).to.deep.equal([
      ...['ok', 'ok']
    ])
  })

  it('bans both ways are told with what was sent, and what ends them', () => {
    const ban = {
      ...{
        peer: '12D3KooWxxxxABCDEFGH' as PeerIdString,
        kind: 'dht-flood',
        words: 'a flood of DHT messages'
      },
      ...{ seen: 'more than 600', at: 0, until: 1, times: 1 }
    }
    const network = {
      ...lonely.network,
      bans: [ban],
      bannedBy: [ban],
      doubted: ['dht-flood'],
      otherVersions: 1
    }
    const found = checkPeer({ ...lonely, network: { ...network, troubles: ['too many open files'] } }).slice(
      4
    )
    expect(found.map(f => `${f.name} ${f.state}`)).to.deep.equal([
      'banned by bad',
      'bans note',
      'evidence note',
      'versions note',
      'this machine note'
    ])
    expect(found[0]?.said).to.equal('1: …ABCDEFGH: a flood of DHT messages (more than 600)')
    expect(found[0]?.next).to.contain('shoal peers forgive')
  })

  it('without a peer that runs the bootstrap addresses themselves are asked', async () => {
    const addresses = [
      '/ip4/10.1.2.3/tcp/4001/p2p/x',
      '/dns4/a.example/tcp/4002/ws',
      '/ip4/10.1.2.4/udp/9/quic-v1'
    ]
    const asked: string[] = []
    const answer = (open: number) => async (host: string, port: number) => {
      asked.push(`${host} ${port}`)
      return port === open
    }
    expect((await checkBootstrap(addresses, answer(0)))[0]).to.include({
      state: 'bad',
      said: '0 of 2 answer'
    })
    expect((await checkBootstrap(addresses, answer(4002)))[0]).to.include({
      state: 'ok',
      said: '1 of 2 answer'
    })
    expect(asked.slice(0, 2)).to.deep.equal(['10.1.2.3 4001', 'a.example 4002'])
    expect(await checkBootstrap([], answer(0))).to.deep.equal([])
    expect((await checkBootstrap(addresses.slice(2), answer(0)))[0]).to.include({ state: 'note' })
    const stale = 'profile: light\np2p: { bootstrap: [/ip4/127.0.0.1/tcp/1] }\n'
    const { code, find } = await examine(stale, { SHOAL_PASSPHRASE: 'right' })
    expect(code).to.not.equal(0)
    expect(find('bootstrap')).to.include({ state: 'bad', said: '0 of 1 answer' })
  })

  it('events that a peer cannot read, and what it waits for on the chain, are named', () => {
    const blindness = { ms: 90_000, reason: 'range too large' }
    const underWay = [
      { what: 'withdraw', waits: 'fate', reason: 'nobody knows' },
      { what: 'open', waits: 'mining', reason: 'no block has taken it yet' }
    ]
    const chain = { reachable: true, blindness, underWay }
    const findings = checkPeer({ ...lonely, connections: 1, providersKnown: 1, chain })
    expect(findings.map(f => `${f.name} ${f.state}`)).to.deep.equal([
      ...['peer ok', 'its chain ok', 'events note', 'on its way note', 'bootstrap ok', 'network ok']
    ])
    expect(findings[2]?.said).to.match(/cannot be read for 1m30s \(range too large\)/)
    expect(findings[3]?.said).to.equal('withdraw waits: nobody knows')
  })

  it("this machine's clock is held against the chain's, within what can be told", () => {
    const of = (seconds: number, error = 1.2) => clockFinding({ seconds, error })
    expect(of(4)).to.include({ state: 'note', said: "this machine's clock is 4.0 s behind the chain's" })
    expect(of(-120)).to.include({ state: 'bad' })
    expect(of(-120).said).to.match(/120 s ahead of the chain's/)
    expect(of(2).state).to.equal('ok')
    expect(of(6, 5).state, 'not more than the measurement may be wrong').to.equal('ok')
    const chain = { reachable: true, clock: { seconds: -9, error: 1 } }
    const findings = checkPeer({ ...lonely, connections: 1, providersKnown: 1, chain })
    expect(findings.map(f => `${f.name} ${f.state}`)).to.include('clock note')
  })

  it('where the chain tells no time, peers tell that the clock is off', () => {
    const clockOff = "this machine's clock is 41 s ahead of that of its peers"
    const of = (chain: object) =>
      checkPeer({ ...lonely, chain: { reachable: true, ...chain } }).filter(f => f.name === 'clock')
    expect(of({ clockOff })).to.have.length(1)
    expect(of({ clockOff })[0]).to.include({ state: 'bad', said: clockOff })
    expect(of({ clockOff, clock: { seconds: 50, error: 1 } }), 'said once').to.have.length(1)
    expect(of({})).to.deep.equal([])
  })

  it('what others have proven of a provider, in the units of its kind, or what is missing for it', () => {
    const none = { classes: ['general'], proven: NOTHING, attestations: [] }
    const one = { ...none, attestations: [{ kind: 'cpu' as const }] }
    expect(checkProven(none)).to.have.length(1)
    expect(checkProven(none)[0]).to.include({ name: 'proven', state: 'note' })
    expect(checkProven(one)[0]?.said).to.match(/1 attestations, but no kind/)
    const proven = { ...NOTHING, cpu: 1_200, memory: 4_096, disk: 61_440, network: 2_048 }
    const said = checkProven({ ...one, classes: ['general', 'storage'], proven }).map(
      f => `${f.name}: ${f.said}`
    )
    expect(said).to.deep.equal([
      'classes: general, storage',
      'proven cpu: 1200 million multiply-adds a second',
      'proven memory: 4.0 GiB or more',
      'proven disk: 60.0 MiB a second',
      'proven network: 2.0 MiB a second'
    ])
  })
})
