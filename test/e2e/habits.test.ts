/** What people expect of the command line around a job, with the real program and a real network. */
import { expect } from 'chai'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { parseAmount } from '../../src/protocol/money.ts'
import { alive, shoal, startShoal, until, type CliResult } from '../support/e2e/cli.ts'
import { countWithTools, makeText, NBODY, sortedLines, WORDCOUNT } from '../support/e2e/jobs.ts'
import { startWorld, type World } from '../support/e2e/world.ts'

interface Job {
  readonly id: string
  readonly state: string
  readonly shards: number
  readonly spent: string
  readonly next?: Record<string, string>
}

const one = <T>(r: CliResult): T => {
  expect(r.code, r.stderr).to.equal(0)
  return JSON.parse(r.stdout) as T
}

describe('habits at the command line', function () {
  this.timeout(240_000)
  let world: World
  let home: string
  let text: string
  const run = (...args: string[]) => shoal(args, { home })
  const peerPid = async (): Promise<number> =>
    (JSON.parse(await readFile(layoutOf(home).api, 'utf8')) as { pid: number }).pid

  before(async () => {
    world = await startWorld('habits', { peers: 2, slots: 2 })
    home = world.net.requester.home
    text = join(world.folder, 'text.txt')
    await writeFile(text, makeText(60_000))
  })
  after(async () => {
    await shoal(['down'], { home }) // a background peer that a failed test left
    await world?.stop()
  })

  it('offers can be filtered and grouped without a job', async () => {
    const all = one<{ offers: unknown[] }>(await run('offers', 'price<0.5 memory:512MiB..', '--json'))
    expect(all.offers).to.have.lengthOf(2)
    const { groups } = one<{ groups: { offers: number }[] }>(
      await run('offers', '--group-by', 'region', '--json')
    )
    expect(groups).to.have.lengthOf(1)
    expect(groups[0]?.offers).to.equal(2)
    expect((await run('offers', 'gpu:24GB..')).stdout).to.contain('None of the 2 offers fits')
  })

  it('without -y and without a terminal: the offers with prices, no money moves, no job', async () => {
    const r = await run('run', WORDCOUNT, '--input', `text.txt=${text}`)
    expect(r.code).to.equal(1)
    expect(r.stderr).to.match(/ask\/Ggas +a shard/)
    expect(r.stderr).to.match(/\n *2 .*\n[\s\S]*At most +0\.5 SHL \(--max-price\)[\s\S]*Add -y to agree/)
    expect(one<{ jobs: unknown[] }>(await run('jobs', '--json')).jobs).to.deep.equal([])
  })

  it('--estimate buys one shard and tells what all would cost', async () => {
    const r = await run('run', WORDCOUNT, '--input', `text.txt=${text}`, '--estimate', '-y', '--json')
    const e = one<{ shards: number; probeCost: string; cost: string; withinCap: boolean }>(r)
    expect(e.shards).to.equal(4)
    expect(e.withinCap).to.equal(true)
    expect(Number(e.probeCost)).to.be.greaterThan(0)
    expect(parseAmount(e.cost)).to.equal(4n * parseAmount(e.probeCost))
    const { jobs } = one<{ jobs: Job[] }>(await run('jobs', '--json'))
    expect(jobs.map(j => [j.state, j.shards, j.spent])).to.deep.equal([['settled', 1, e.probeCost]])
  })

  it('--detach without a peer leaves one in the background; the job ends, its logs are followed, down stops it', async () => {
    const out = join(world.folder, 'detached')
    const args = ['run', WORDCOUNT, '--input', `text.txt=${text}`, '--out', out, '-y', '--detach', '--json']
    const job = one<Job>(await run(...args))
    expect(job.next?.['logs']).to.equal(`shoal logs -f ${job.id.slice(0, 10)}`)
    const pid = await peerPid()
    expect(alive(pid)).to.equal(true)
    const followed = await run('logs', job.id, '-f', '--search', 'DIFFERENT', '--since', '10m')
    expect(followed.code, followed.stderr).to.equal(0)
    expect(followed.stdout.match(/^\[\d\.1\] \d+ different/gm)).to.have.lengthOf(4)
    const end = await run('attach', job.id, '--json')
    expect(end.code, end.stderr).to.equal(0)
    expect(await sortedLines(join(out, 'counts.tsv'))).to.deep.equal(await countWithTools(text))
    const tail = await run('logs', job.id, '--tail', '2', '--json')
    expect(tail.stdout.trim().split('\n')).to.have.lengthOf(2)
    expect((await run('top')).stdout).to.contain(`${job.id.slice(0, 10)}  wordcount  settled  4/4 shards`)
    expect((await run('down')).code).to.equal(0)
    await until('the background peer is gone', 30_000, () => !alive(pid))
  })

  it('rerun submits the same file and flags again, and new flags win', async () => {
    const { jobs } = one<{ jobs: Job[] }>(await run('jobs', '--json'))
    const first = jobs.find(j => j.shards === 4)?.id ?? ''
    const out = join(world.folder, 'again')
    const again = one<Job>(await run('rerun', first, '--count', '2', '--out', out, '-y', '--json'))
    expect(again.shards).to.equal(2)
    expect(again.state).to.equal('settled')
    expect(await sortedLines(join(out, 'counts.tsv'))).to.deep.equal(await countWithTools(text))
  })

  it('a job that fails: exit code 3, and logs say why before anything else', async () => {
    const out = join(world.folder, 'failing')
    const r = await run(
      'run',
      NBODY,
      '--set',
      'limits.gas=1e6',
      '--retries',
      '1',
      '--out',
      out,
      '-y',
      '--json'
    )
    expect(r.code, r.stderr).to.equal(3)
    const { id } = JSON.parse(r.stdout) as Job
    const logs = await run('logs', id)
    expect(logs.stderr).to.match(/^job failed {2}ATTEMPTS_EXHAUSTED: .*LIMIT_GAS/)
    expect(logs.stderr).to.match(/shard 0 attempt \d on …\w+ {2}LIMIT_GAS: /)
  })

  it('an output that no task writes: named with what was written, exit code 3, paid, and kept for get --raw', async () => {
    const out = join(world.folder, 'misnamed')
    const r = await run('run', NBODY, '--set', 'outputs=["finals.txt"]', '--count', '1', '--out', out, '-y')
    expect(r.code, r.stderr).to.equal(3)
    expect(r.stdout).to.match(
      /^Failed {3}OUTPUT_MISSING: shard 0 wrote no finals\.txt.*it wrote .*final\.txt/
    )
    const get = /shoal (get 0x\w+ --raw) --out DIR/.exec(r.stdout)?.[1] ?? ''
    const raw = join(world.folder, 'as-it-came')
    const got = await run(...get.split(' '), '--out', raw)
    expect(got.code, got.stderr).to.equal(0)
    expect(await readFile(join(raw, 'final.txt'), 'utf8')).to.not.equal('')
    const { jobs } = one<{ jobs: Job[] }>(await run('jobs', '--json'))
    expect(Number(jobs[0]?.spent)).to.be.greaterThan(0)
    // the whole result is none: the filter would leave nothing of it
    const plain = await run('get', get.split(' ')[1] ?? '', '--out', join(world.folder, 'none'))
    expect(plain.code).to.equal(1)
    expect(plain.stderr).to.contain('finals.txt').and.contain('--raw')
  })

  it('a place where the result cannot go is refused before anything is bought', async () => {
    await symlink(world.folder, join(world.folder, 'link'))
    const before = one<{ jobs: Job[] }>(await run('jobs', '--json')).jobs.length
    for (const [out, says] of [
      [join(world.folder, 'link'), 'is a link'],
      [text, 'is a file'],
      [join(text, 'below', 'out'), 'leads through']
    ] as const) {
      const r = await run('run', NBODY, '--out', out, '-y')
      expect(r.code, r.stderr).to.equal(1)
      expect(r.stderr).to.contain(says).and.contain('--out')
    }
    expect(one<{ jobs: Job[] }>(await run('jobs', '--json')).jobs).to.have.lengthOf(before)
  })

  it('Ctrl-C cancels, waits for the money and ends with 130', async () => {
    const steps = '["--bodies", "24", "--steps", "50000000", "--every", "100000"]'
    const args = ['--set', `task.args=${steps}`, '--set', 'limits.gas=9e12', '--max-price', '20', '-y']
    const run = startShoal(['run', NBODY, ...args, '--out', join(world.folder, 'stopped')], { home })
    await until('the task runs', 60_000, () => run.stderr().includes('task handed over'))
    run.child.kill('SIGINT')
    const r = await run.done
    expect(r.code, r.stderr).to.equal(130)
    expect(r.stderr).to.contain('Cancelling; waiting for the money')
    expect(r.stderr).to.contain('The job is cancelled.')
    const { locked } = one<{ locked: string }>(await shoal(['wallet', '--json'], { home }))
    expect(locked).to.equal('0')
  })

  it('doctor finds nothing in the way of a home that works', async () => {
    const r = await run('doctor', '--json')
    expect(r.code, r.stdout).to.equal(0)
    expect(r.stdout).to.match(/"name":"chain","state":"ok"/)
    expect(r.stdout).to.match(/"name":"funds","state":"ok"/)
  })
})
