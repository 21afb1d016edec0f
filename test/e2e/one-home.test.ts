/** Several commands at one home without a peer of its own: one starts it, all use it, the last one ends it. Real processes. */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { alive, BIN, shoal, startShoal, until, type CliResult } from '../support/e2e/cli.ts'
import { NBODY } from '../support/e2e/jobs.ts'
import { startWorld, type World } from '../support/e2e/world.ts'

/** A shell's exit code for a program whose reader has left. */
const READER_LEFT = 141

describe('many commands at one home', function () {
  this.timeout(240_000)
  let world: World
  let home: string

  before(async () => {
    world = await startWorld('one-home', { peers: 2, slots: 4 })
    home = world.net.requester.home
  })
  after(async () => {
    await shoal(['down'], { home }) // a background peer that a failed test left
    await world?.stop()
  })

  const job = (name: string, steps: number): string[] => {
    const args = JSON.stringify(['--bodies', '24', '--steps', String(steps), '--every', String(steps / 4)])
    const limits = ['--set', 'limits.gas=9e12', '--max-price', '20', '--set', 'match.window=1s']
    const what = ['--set', `task.args=${args}`, '--count', '1', ...limits]
    return ['run', NBODY, ...what, '--out', join(world.folder, name), '-y']
  }
  const there = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined)) !== undefined
  const pidOf = async (): Promise<number> =>
    (JSON.parse(await readFile(layoutOf(home).api, 'utf8')) as { pid: number }).pid
  const right = (r: CliResult): void => {
    expect(r.code, r.stderr).to.equal(0)
    expect(r.stderr).to.not.match(/^\s+at /m)
  }
  /** One line of a shell: what stands before the first bar is the program's command. */
  const piped = async (args: readonly string[], rest: string): Promise<{ code: number; stderr: string }> => {
    const words = [process.execPath, '--disable-warning=ExperimentalWarning', BIN, ...args]
    const quoted = words.map(w => `'${w.replaceAll("'", `'\\''`)}'`).join(' ')
    const shell = spawn('bash', ['-c', `${quoted} ${rest}; echo "code \${PIPESTATUS[0]}" >&2`], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], SHOAL_HOME: home },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let stderr = ''
    shell.stderr.on('data', (c: Buffer) => void (stderr += c.toString()))
    await new Promise(resolve => shell.once('close', resolve))
    return { code: Number(/code (\d+)\n$/.exec(stderr)?.[1] ?? NaN), stderr }
  }

  it('two runs that begin together, and a third that comes later: all end well, the peer ends with the last', async () => {
    const both = [startShoal(job('a', 40_000), { home }), startShoal(job('b', 40_000), { home })]
    await until('a task runs', 60_000, () => both.some(r => r.stderr().includes('task handed over')))
    const late = startShoal(job('c', 3_000_000), { home })
    for (const r of [...both, late]) right(await r.done)
    for (const name of ['a', 'b', 'c']) expect(await there(join(world.folder, name)), name).to.equal(true)
    const said = both.map(r => r.stderr()).join('')
    expect(said).to.match(new RegExp(`its peer is in use by .*process ${late.pid} \\(shoal run\\)`))
    expect(await there(layoutOf(home).api)).to.equal(false)
    expect(await there(join(home, 'holder.json'))).to.equal(false)
  })

  it('six detached runs at once share one peer in the background', async () => {
    const runs = await Promise.all(
      Array.from({ length: 6 }, (_, i) => shoal([...job(`d${i}`, 40_000), '--detach'], { home }))
    )
    for (const r of runs) right(r)
    const pid = await pidOf()
    for (const r of runs) expect(r.stderr).to.contain(`(process ${pid})`)
    for (const r of runs) right(await shoal(['attach', r.stdout.trim()], { home }))
    right(await shoal(['down'], { home }))
    await until('the background peer is gone', 30_000, () => !alive(pid))
  })

  it('a detached job that is left to the peer of a command keeps it until the job has ended', async () => {
    const first = startShoal(job('e', 40_000), { home })
    await until('its peer runs', 60_000, () => there(layoutOf(home).api))
    const detached = await shoal([...job('f', 3_000_000), '--detach'], { home })
    right(detached)
    right(await first.done)
    expect(first.stderr()).to.contain(`job ${detached.stdout.trim().slice(0, 10)}, which was left to it`)
    expect(await there(join(world.folder, 'f'))).to.equal(true)
  })

  it('up says who has the home', async () => {
    const first = startShoal(job('g', 1_000_000), { home })
    await until('its peer runs', 60_000, () => there(layoutOf(home).api))
    const up = await shoal(['up', '--light'], { home })
    expect(up.code).to.equal(1)
    expect(up.stderr).to.contain(`process ${first.pid} (shoal run) has ${home} and runs its peer`)
    right(await first.done)
  })

  it('a reader that leaves ends a command that shows things, without a stack trace, and nothing is left behind', async () => {
    for (const args of [['jobs'], ['jobs', '--json'], ['offers', '--json'], ['--help']]) {
      const { code, stderr } = await piped(args, '| true')
      expect(code, args.join(' ')).to.equal(READER_LEFT)
      expect(stderr, args.join(' ')).to.equal(`code ${READER_LEFT}\n`)
    }
    expect(await there(layoutOf(home).api)).to.equal(false)
  })

  it('output that cannot be written is an error with a reason', async () => {
    const { code, stderr } = await piped(['jobs'], '> /dev/full')
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /^error: the output cannot be written: .*ENOSPC.*\n {2}Look at where it is redirected to\.\n/
    )
  })

  it('a reader that leaves does not end a job; one that follows it ends at once', async () => {
    const buying = piped(job('h', 6_000_000), '2>&1 | head -1')
    await until('its peer runs', 60_000, () => there(layoutOf(home).api))
    const id = await until('the job is there', 60_000, async () => {
      const { jobs } = JSON.parse((await shoal(['jobs', '--json'], { home })).stdout) as {
        jobs: { id: string; state: string }[]
      }
      return jobs.find(j => j.state === 'submitted' || j.state === 'running')?.id
    })
    const following = await piped(['attach', id], '2>&1 | true')
    expect(following.code).to.equal(READER_LEFT)
    expect(await there(join(world.folder, 'h')), 'the job still runs').to.equal(false)
    const bought = await buying
    expect(bought).to.deep.equal({ code: 0, stderr: 'code 0\n' })
    expect(await there(join(world.folder, 'h'))).to.equal(true)
  })

  it('a file that a killed peer left is passed over, whoever has its port now', async () => {
    const other = await readFile(layoutOf(world.net.peers[0]?.home ?? '').api, 'utf8')
    const { url } = JSON.parse(other) as { url: string }
    for (const left of [other, JSON.stringify({ url, token: 'aaaa', pid: 1, peer: 'x' }), '', '{"url"']) {
      await writeFile(layoutOf(home).api, left)
      right(await shoal(['jobs', '--json'], { home }))
    }
  })
})
