/** A devnet as `shoal devnet` serves it, and jobs as `shoal run` submits them: every party is a process of its own. */
import { expect } from 'chai'
import { request } from 'node:http'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import type { Address } from '../../src/protocol/ids.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import {
  alive,
  firstLine,
  shoal,
  startShoal,
  until,
  type CliResult,
  type CliRun
} from '../support/e2e/cli.ts'
import {
  countWithTools,
  makeText,
  nbody,
  NBODY,
  sortedLines,
  submit,
  WORDCOUNT,
  writeJob
} from '../support/e2e/jobs.ts'
import {
  connect,
  jobEnd,
  jobUntil,
  Ledger,
  removeFolder,
  startBuyer,
  story,
  temporaryFolder,
  type Buyer
} from '../support/e2e/world.ts'
import {
  endlessLoop,
  foreignImport,
  memoryBomb,
  pathEscape,
  recursion,
  stdoutFlood
} from '../support/hostile.ts'
import { childrenOf } from '../support/processes.ts'

interface Ready {
  readonly home: string
  readonly rpcUrl: string
  readonly chainPid: number
  readonly anvilPid: number
  readonly deployer: Address
  readonly peers: { name: string; peer: string; operator: Address; home: string; pid: number; api: string }[]
}

const providersOf = (job: FullJobView): string[] =>
  job.executionList.filter(e => e.state === 'settled').map(e => `${e.shard}:${e.provider}`)

describe('shoal devnet and jobs over it', function () {
  this.timeout(180_000)
  let folder: string
  let devnet: CliRun
  let net: Ready
  let ledger: Ledger
  let buyer: Buyer | undefined
  let first: FullJobView
  let text: string
  const bought = (): Buyer => {
    if (buyer === undefined) throw new Error('the requester does not run')
    return buyer
  }
  const run = (args: string[], env: Record<string, string> = {}): Promise<CliResult> =>
    shoal(args, { home: net.home, cwd: folder, env })

  before(async function () {
    folder = await temporaryFolder('market')
    text = join(folder, 'text.txt')
    await writeFile(text, makeText(1_000_000))
    const begun = performance.now()
    devnet = startShoal(['devnet', '--peers', '5', '--json', '--folder', join(folder, 'net')])
    net = await firstLine<Ready>(devnet)
    console.log(`      ready after ${Math.round(performance.now() - begun)} ms`)
    ledger = new Ledger(net.rpcUrl, await readFile(join(net.home, 'network.json'), 'utf8'), [
      ...net.peers.map(p => ({ name: p.name, address: p.operator })),
      {
        name: 'requester',
        address: JSON.parse(await readFile(join(net.home, 'keys.json'), 'utf8')).operator as Address
      },
      { name: 'fees', address: net.deployer }
    ])
    await ledger.start()
  })

  after(async () => {
    await ledger?.stop()
    await buyer?.child.stop()
    devnet?.child.kill('SIGTERM')
    await devnet?.done
    if (process.env['SHOAL_KEEP'] === undefined) await removeFolder(folder)
  })

  it('counts the words of a text over 8 shards as tr, sort and uniq do, and the books are conserved', async () => {
    const before = await ledger.snapshot()
    const out = join(folder, 'counts-1')
    const args = [
      'run',
      WORDCOUNT,
      '--input',
      `text.txt=${text}`,
      '--count',
      '8',
      '--out',
      out,
      '--json',
      '-y'
    ]
    const result = await run(args)
    expect(result.code, result.stderr).to.equal(0)
    first = JSON.parse(result.stdout) as FullJobView
    expect(first.state, story(first)).to.equal('settled')
    expect(first.shards).to.equal(8)
    expect(first.shardsDone).to.equal(8)
    expect(await sortedLines(join(out, 'counts.tsv'))).to.deep.equal(await countWithTools(text))
    const books = await ledger.books(before, first)
    expect(books.conserved, story(first)).to.equal(true)
    expect(books.paid > 0n && books.fees > 0n && books.refunded >= 0n).to.equal(true)
    expect(new Set(first.executionList.map(e => e.provider)).size).to.be.greaterThan(1)
  })

  it('cancels on Ctrl-C: exit code 130, the money back by consent, nothing left running', async () => {
    const before = await ledger.snapshot()
    const sets = Object.entries(nbody(2_000_000)).flatMap(([k, v]) => ['--set', `${k}=${JSON.stringify(v)}`])
    const job = startShoal(['run', NBODY, ...sets, '--out', join(folder, 'interrupted'), '-y'], {
      home: net.home
    })
    await until('a task was handed over', 60_000, () => job.stderr().includes('task handed over'))
    expect(job.child.kill('SIGINT')).to.equal(true)
    const result = await job.done
    expect(result.code, result.stderr).to.equal(130)
    expect(result.stderr).to.match(/The job is cancelled/)
    expect(result.stderr).to.not.match(/\n\s+at .*\.ts:\d+/)
    expect(childrenOf(job.pid)).to.deep.equal([])
    const id = /Submitted (0x[0-9a-f]+)/.exec(result.stderr)?.[1] ?? ''
    const ended = JSON.parse((await run(['job', id, '--json'])).stdout) as FullJobView
    expect(ended.state, story(ended)).to.equal('cancelled')
    for (const e of ended.executionList.filter(x => x.closing !== undefined))
      expect(e.closing?.outcome, story(ended)).to.be.oneOf(['cancelled', 'accepted'])
    expect((await ledger.books(before, ended)).conserved, story(ended)).to.equal(true)
    // one that was started ahead for an agreement that never came to work waits ten seconds for another
    for (const p of net.peers) {
      await until(`the runners of ${p.name} end`, 25_000, () => childrenOf(p.pid).length === 0)
    }
  })

  it('gives the same bytes again, on other peers', async () => {
    buyer = await startBuyer(net.home, join(folder, 'requester.log'))
    // a peer that worked for the first job leaves, so that its shards must go elsewhere
    const worked = first.executionList.find(e => e.state === 'settled')?.provider
    const leaver = net.peers.find(p => p.peer === worked)
    expect(leaver, 'a provider of the first job').to.not.equal(undefined)
    process.kill(leaver?.pid ?? 0, 'SIGTERM')
    await until('the peer has left', 20_000, () => !alive(leaver?.pid ?? 0))
    const before = await ledger.snapshot()
    const out = join(folder, 'counts-2')
    const result = await run([
      'run',
      WORDCOUNT,
      '-i',
      `text.txt=${text}`,
      '--count',
      '8',
      '-o',
      out,
      '--json',
      '-y'
    ])
    expect(result.code, result.stderr).to.equal(0)
    const second = JSON.parse(result.stdout) as FullJobView
    expect(await readFile(join(out, 'counts.tsv'))).to.deep.equal(
      await readFile(join(folder, 'counts-1', 'counts.tsv'))
    )
    expect(providersOf(second)).to.have.lengthOf(8)
    expect(providersOf(second)).to.not.deep.equal(providersOf(first))
    expect((await ledger.books(before, second)).conserved, story(second)).to.equal(true)
  })

  it('can be audited: the choice of providers follows from the bids', async () => {
    const audit = await run(['audit', first.id, '--json'])
    expect(audit.code, audit.stderr).to.equal(0)
    expect(JSON.parse(audit.stdout)).to.include({ ok: true })
  })

  it('takes the money back by consent when a job is cancelled in the middle', async () => {
    const before = await ledger.snapshot()
    const { client } = bought()
    const job = await submit(client, NBODY, { out: join(folder, 'cancelled'), overrides: nbody(2_000_000) })
    await jobUntil(client, job.id, 'tasks run', j =>
      j.executionList.some(e => e.state === 'started' && e.checkpoints > 0)
    )
    const result = await run(['cancel', job.id.slice(0, 12), '--json'])
    expect(result.code, result.stderr).to.equal(0)
    const ended = JSON.parse(result.stdout) as FullJobView
    expect(ended.state, story(ended)).to.equal('cancelled')
    const closings = ended.executionList.flatMap(e => (e.closing === undefined ? [] : [e.closing]))
    expect(closings.length).to.be.greaterThan(0)
    for (const c of closings) expect(c.outcome, story(ended)).to.equal('cancelled')
    const books = await ledger.books(before, ended)
    expect(books.conserved, story(ended)).to.equal(true)
    expect(books.refunded > 0n).to.equal(true)
    const status = async (api: string): Promise<number> =>
      (await (await connect(api)).call<{ provider: { slotsFree: number } }>('GET', '/v1/status')).provider
        .slotsFree
    for (const p of net.peers.filter(x => alive(x.pid)))
      await until(`${p.name} has its slots free`, 15_000, async () => (await status(p.home)) === 2)
  })

  describe('tasks that misbehave', () => {
    const cases: readonly [string, () => Uint8Array, RegExp, string[]][] = [
      ['loops', endlessLoop, /LIMIT_GAS/, ['limits: { gas: 10e6 }']],
      ['memory', memoryBomb, /LIMIT_MEMORY/, ['resources: { memory: 8MiB }']],
      ['flood', stdoutFlood, /LIMIT_LOG/, ['limits: { log: 64KiB }']],
      ['recursion', recursion, /LIMIT_STACK/, []],
      ['escape', pathEscape, /TASK_FAILED.*76/, []],
      ['import', foreignImport, /MODULE_IMPORT.*env\.open_socket/, []]
    ]
    it('are stopped at their limit, which is named, and cost no more than the work that was metered', async () => {
      const before = await ledger.snapshot()
      const { client } = bought()
      const jobs = await Promise.all(
        cases.map(async ([name, module, , lines]) => {
          const path = await writeJob(folder, name, module(), lines)
          const job = await submit(client, path, { out: join(folder, `out-${name}`) })
          return await jobEnd(client, job.id)
        })
      )
      for (const [i, [name, , message]] of cases.entries()) {
        const job = jobs[i]
        expect(job?.state, name).to.equal('failed')
        expect(job?.failure?.code, name).to.equal('ATTEMPTS_EXHAUSTED')
        expect(job?.failure?.message, name).to.match(message)
        for (const e of job?.executionList ?? [])
          expect(parseAmount(e.closing?.paid ?? '0') <= parseAmount(e.price), name).to.equal(true)
      }
      expect((await ledger.books(before, ...jobs)).conserved).to.equal(true)
      const shown = await run(['job', jobs[0]?.id ?? ''])
      expect(shown.stdout).to.match(/LIMIT_GAS/)
    })

    it('make shoal run say so and exit with 3', async () => {
      const path = join(folder, 'loops.yaml')
      const result = await run(['run', path, '--out', join(folder, 'loops-out'), '-y'])
      expect(result.code, result.stderr).to.equal(3)
      expect(result.stdout + result.stderr).to.match(/LIMIT_GAS/)
      expect(result.stderr).to.not.match(/\n\s+at .*\.ts:\d+/)
    })
  })

  describe('shoal run refuses', () => {
    it('a price above the balance, with exit code 4', async () => {
      const result = await run(['run', NBODY, '--price', '100000', '--out', join(folder, 'dear'), '-y'])
      expect(result.code, result.stderr).to.equal(4)
      expect(result.stderr).to.match(/the job may cost up to 100000 .* free in the vault/)
    })
    it('an output folder that is not empty', async () => {
      const result = await run(['run', NBODY, '--out', join(folder, 'counts-1'), '-y'])
      expect(result.code).to.equal(1)
      expect(result.stderr).to.match(/counts-1 already exists and is not empty/)
    })
    it('a missing input, a module that is no WASM, and a question without a terminal', async () => {
      const missing = await run([
        'run',
        WORDCOUNT,
        '-i',
        'text.txt=nowhere.txt',
        '--out',
        join(folder, 'm1'),
        '-y'
      ])
      expect(missing.code).to.not.equal(0)
      expect(missing.stderr).to.match(/no such file: .*nowhere\.txt/)
      const path = await writeJob(folder, 'script', new TextEncoder().encode('#!/bin/sh\necho hello\n'))
      const script = await run(['run', path, '--out', join(folder, 'm2'), '-y'])
      expect(script.code).to.not.equal(0)
      expect(script.stderr).to.match(/script\.wasm is not a WebAssembly module/)
      const silent = await run(['run', NBODY, '--out', join(folder, 'm3')])
      expect(silent.code).to.not.equal(0)
      expect(silent.stderr).to.match(/Add -y to agree/)
      for (const r of [missing, script, silent]) expect(r.stderr).to.not.match(/\n\s+at .*\.ts:\d+/)
    })
    it('a job id that it does not know', async () => {
      const result = await run(['job', '0xabcdef123456'])
      expect(result.code).to.equal(1)
      expect(result.stderr).to.match(/^error: no job 0xabcdef123456\n {2}List them with: shoal jobs/)
    })
    it('to start a second peer on the same home', async () => {
      const result = await run(['up'])
      expect(result.code).to.equal(1)
      expect(result.stderr).to.match(/^error: process \d+ \(shoal up\) has /)
      expect(alive(bought().child.pid)).to.equal(true)
      expect((await run(['status', '--json'])).code, 'the first peer goes on').to.equal(0)
    })
  })

  describe('a guard over the money of a key', () => {
    const home = '0xC0C0c0c0C0C0c0c0c0C0c0C0C0C0C0C0C0C0c0c0'
    const elsewhere = `0x${'57'.repeat(20)}`
    it('is set after a question, shown, and named before anything is sent that is above it', async () => {
      const set = ['wallet', 'protect', '--beneficiary', home, '--limit', '2']
      const asked = await run(set)
      expect(asked.code).to.not.equal(0)
      expect(asked.stderr).to.match(
        /^error: there is no terminal to ask at, and this key cannot undo it\n[^]*-y/
      )
      expect((await run(['wallet'])).stdout).to.not.match(/Guard/)
      const done = await run([...set, '-y'])
      expect(done.code, done.stderr).to.equal(0)
      expect((await run(['wallet'])).stdout).to.match(/Guard {4}2 SHL a day elsewhere than to 0xc0c0/i)
      const sent = await run(['wallet', 'withdraw', '1.5', '--to', elsewhere, '--json'])
      expect(JSON.parse(sent.stdout)).to.deep.include({
        guard: { beneficiary: home, dailyLimit: '2', left: '0.5' }
      })
      const above = await run(['wallet', 'withdraw', '0.6', '--to', elsewhere])
      expect(above.code).to.equal(1)
      expect(above.stderr).to.match(/lets 0\.5 SHL go today, not 0\.6\n {2}Withdraw less, .*0xc0c0/i)
      const free = await run(['wallet', 'withdraw', '3', '--to', home])
      expect(free.code, free.stderr).to.equal(0)
      const lifted = await run(['wallet', 'protect', '--beneficiary', home, '--limit', '100', '-y'])
      expect(lifted.code).to.equal(1)
      expect(lifted.stderr).to.match(/NotGuardian\n {2}Only 0xc0c0.* can change this guard/i)
    })
  })

  describe('the local API', () => {
    interface Answer {
      readonly status: number
      readonly body: string
    }
    const token = async (): Promise<string> =>
      JSON.parse(await readFile(join(net.home, 'api.json'), 'utf8')).token as string
    const ask = async (
      path: string,
      headers: Record<string, string> = {},
      method = 'GET',
      body?: string
    ): Promise<Answer> =>
      await new Promise((resolve, reject) => {
        const call = request(bought().client.url + path, { method, headers }, answer => {
          let text = ''
          answer.on('data', (c: Buffer) => void (text += c.toString()))
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
        })
        call.once('error', reject)
        call.end(body)
      })

    it('answers nobody without the token but for /health', async () => {
      expect(await ask('/v1/status')).to.include({ status: 401 })
      expect(await ask('/v1/status', { authorization: `Bearer ${'0'.repeat(64)}` })).to.include({
        status: 401
      })
      expect(await ask('/openapi.json')).to.include({ status: 401 })
      expect(await ask('/health')).to.deep.equal({ status: 200, body: '{"ok":true}' })
      expect(await ask('/v1/status', { authorization: `Bearer ${await token()}` })).to.include({
        status: 200
      })
    })
    it('refuses foreign origins and foreign hosts, with the token too', async () => {
      const authorization = `Bearer ${await token()}`
      expect(await ask('/v1/status', { authorization, origin: 'https://evil.example' })).to.include({
        status: 403
      })
      expect(await ask('/v1/status', { authorization, host: 'evil.example' })).to.include({ status: 403 })
      expect(await ask('/health', { host: 'evil.example' })).to.include({ status: 403 })
    })
    it('lists its routes at /openapi.json', async () => {
      const { body } = await ask('/openapi.json', { authorization: `Bearer ${await token()}` })
      const paths = Object.keys((JSON.parse(body) as { paths: object }).paths)
      expect(paths).to.include.members([
        '/v1/jobs',
        '/v1/jobs/{id}',
        '/v1/jobs/{id}/events',
        '/v1/wallet',
        '/v1/status'
      ])
    })
    it('refuses a body above its limit, one that is not JSON, and unknown routes', async () => {
      const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' }
      expect(await ask('/v1/jobs', headers, 'POST', `{"file":"${'x'.repeat(600_000)}"}`)).to.include({
        status: 413
      })
      expect(await ask('/v1/jobs', headers, 'POST', '{"file":')).to.include({ status: 400 })
      expect(await ask('/v1/jobs', headers, 'POST', '{"surprise":1}')).to.include({ status: 400 })
      expect(await ask('/v1/nothing', headers)).to.include({ status: 404 })
    })
  })

  describe('at the end', () => {
    it('leaves no process when it is stopped', async () => {
      await buyer?.child.stop()
      devnet.child.kill('SIGTERM')
      const result = await devnet.done
      expect(result.code, result.stderr).to.equal(0)
      const pids = [devnet.pid, net.chainPid, net.anvilPid, ...net.peers.map(p => p.pid)]
      expect(pids.filter(alive)).to.deep.equal([])
    })
  })
})
