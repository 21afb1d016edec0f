import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ApiClient } from '../../../src/api/adapters/client.ts'
import type { Cli } from '../../../src/cli/context.ts'
import type { Advert } from '../../../src/cli/offers/advert.ts'
import type { Session } from '../../../src/cli/peer-session.ts'
import type { RunFlags } from '../../../src/cli/routes/jobs.ts'
import { cancelAndWait } from '../../../src/cli/run/cancel-wait.ts'
import { confirm, offerText } from '../../../src/cli/run/confirm.ts'
import { estimate, estimateText } from '../../../src/cli/run/estimate.ts'
import type { FullJob } from '../../../src/cli/ui/job-view.ts'
import { overridesOf } from '../../../src/cli/run/overrides.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { ManualClock } from '../../support/clock.ts'
import { rejection } from '../../support/failures.ts'

const JOB = parseJobFile('name: a\ntask: { module: a.wasm }\ncount: 4\nlimits: { gas: 10e9 }\n', 'job.yaml')
const offer = (ask: string): Advert =>
  ({
    peer: '12D3KooWsomepeer',
    class: 'general',
    engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: '250000000' }],
    slotsFree: 2,
    slotsTotal: 4,
    memoryBytes: 2 ** 30,
    ask,
    region: 'eu'
  }) as unknown as Advert

function terminal(changes: Partial<Cli> = {}) {
  const said: string[] = []
  const clock = new ManualClock()
  const cli = {
    process: { exitCode: undefined },
    env: {},
    clock,
    json: false,
    interactive: false,
    print: () => undefined,
    remark: (t: string) => void said.push(t),
    ...changes
  } as unknown as Cli
  return { cli, said, clock }
}

const never = new AbortController().signal

describe('before money moves', () => {
  it('offers are numbered, with what a shard costs there, and the three caps with the flags that set them', () => {
    const text = offerText(JOB, [offer('0.001'), offer('0.002')])
    expect(text).to.match(/\n *1 .* 0\.001 +0\.01 /)
    expect(text).to.match(/\n *2 .* 0\.002 +0\.02 /)
    expect(text).to.contain('from 0.04 SHL for 4 executions')
    expect(text).to.contain(
      'At most   0.5 SHL (--max-price), 10m00s (--max-time), 3 retries a shard (--retries)'
    )
    expect(text).not.to.contain('Warning')
    expect(offerText(JOB, [offer('1')])).to.contain('Warning   every offer asks more')
    expect(offerText(JOB, [], 'no peer is connected')).to.contain('No offers heard: no peer is connected.')
  })

  it('the price is for every copy of every shard', () => {
    expect(offerText(JOB, [offer('0.001')])).to.contain('from 0.04 SHL for 4 executions')
    const copies = { ...JOB, verify: { tier: 'replicas' as const, copies: 3 } }
    expect(offerText(copies, [offer('0.001')])).to.contain('from 0.12 SHL for 12 executions')
  })

  const session = (offers: Advert[]): Session =>
    ({ client: { call: async () => ({ offers }) } }) as unknown as Session

  it('without a terminal nothing is asked and nothing is sent; -y agrees', async () => {
    const { cli, said } = terminal()
    const e = await rejection(confirm(cli, false, session([offer('0.001')]), JOB, never), 'NOT_CONFIRMED')
    expect(e.next).to.equal('Add -y to agree.')
    expect(said.join('\n')).to.contain('a shard')
    await confirm(cli, true, session([]), JOB, never)
  })

  it('with --json standard error stays JSON', async () => {
    const { cli, said } = terminal({ json: true })
    await rejection(confirm(cli, false, session([]), JOB, never), 'NOT_CONFIRMED')
    expect(said).to.deep.equal([])
  })

  it('the question is [y/N]: only a clear yes agrees', () => {
    const ask = (answer: string): string => {
      const prompts = fileURLToPath(new URL('../../../src/cli/ui/prompts.ts', import.meta.url))
      const code = `import(${JSON.stringify(prompts)}).then(async m => process.stdout.write(String(await m.askYes('Submit?'))))`
      const r = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', code], {
        input: answer
      })
      expect(r.stderr.toString()).to.equal('Submit? [y/N] ')
      return r.stdout.toString().trim()
    }
    expect(ask('y\n')).to.equal('true')
    expect(ask(' YES \n')).to.equal('true')
    for (const no of ['\n', 'n\n', 'yep\n', '']) expect(ask(no), no).to.equal('false')
  })
})

describe('caps as flags', () => {
  const flags = (changes: Partial<RunFlags>): RunFlags => ({
    json: false,
    yes: false,
    detach: false,
    estimate: false,
    ...changes
  })

  it('--max-price, --max-time and --retries win over the file and over --set', () => {
    const o = overridesOf(
      '/work',
      flags({
        maxPrice: '2',
        maxTime: '1h',
        retries: 0,
        set: ['deadline=5m', 'limits.wall=3m'],
        input: ['a.txt=b']
      })
    )
    expect(o).to.deep.equal({
      inputs: { 'a.txt': '/work/b' },
      deadline: '1h',
      'limits.wall': '3m',
      'price.max': '2',
      retries: 0
    })
    expect(overridesOf('/', flags({ price: '1' }))).to.deep.equal({ 'price.max': '1' })
  })
})

describe('waiting for the money after Ctrl-C', () => {
  const job = (state: string, closing?: object) => ({
    id: '0x1234567890abcdef',
    state,
    executionList: [{ state: 'lost', closing, shard: 0, attempt: 1, progress: 0, provider: 'p' }]
  })

  /** A peer whose job ends when `end` resolves. */
  const client = (end: Promise<void>, calls: string[] = []): ApiClient => ({
    url: '',
    call: async <T>(_m: string, path: string) => {
      calls.push(path)
      return job('cancelling') as T
    },
    async *lines<T>(_path: string, signal?: AbortSignal) {
      yield { kind: 'snapshot', job: job('cancelling') } as T
      await Promise.race([
        end,
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
      ])
      yield { kind: 'snapshot', job: job('cancelled', {}) } as T
    }
  })

  it('ends when the money is back', async () => {
    const calls: string[] = []
    const { cli } = terminal()
    const end = await cancelAndWait(cli, client(Promise.resolve(), calls), 'abc')
    expect(end.state).to.equal('cancelled')
    expect(calls).to.deep.equal(['/v1/jobs/abc/cancel'])
  })

  it('ends by itself with a name, the open escrows and what to do', async () => {
    const { cli, clock } = terminal()
    const waiting = cancelAndWait(cli, client(new Promise(() => undefined)), 'abc', 90_000)
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    await clock.advance(90_000)
    const e = await rejection(waiting, 'SETTLE_TIMEOUT')
    expect(e.message).to.contain('after 1m30s').and.contain('1 escrows are open')
    expect(e.next).to.contain('shoal attach 0x12345678')
  })

  it('a second Ctrl-C is not called a timeout', async () => {
    const stop = new AbortController()
    const waiting = cancelAndWait(
      terminal().cli,
      client(new Promise(() => undefined)),
      'abc',
      1_000,
      stop.signal
    )
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    stop.abort(new ShoalError('CANCELLED', 'interrupted'))
    await rejection(waiting, 'CANCELLED')
  })
})

describe('an estimate from one shard', () => {
  const at = 1_800_000_000_000
  const probe = {
    created: at,
    ended: at + 9_000,
    spent: '0.0101',
    executionList: [{ gas: '5' }, { gas: '7' }]
  } as unknown as FullJob
  const history = [
    { at: at + 4_000, what: 'shard 0 attempt 1: task handed over' },
    { at: at + 7_000, what: 'shard 0 attempt 1: result announced' },
    { at: at + 9_000, what: 'every escrow is closed' }
  ]
  const of = (changes: object = {}) =>
    estimate({ probe, history, count: 10, copies: 1, maxPrice: 10n ** 18n, slots: 4, ...changes })

  it('money grows with the shards, time with how often the free slots must be filled', () => {
    expect(of()).to.deep.equal({
      shards: 10,
      copies: 1,
      probeCost: '0.0101',
      cost: '0.101',
      maxPrice: '1',
      withinCap: true,
      shardMs: 3_000,
      totalMs: 6_000 + 3 * 3_000,
      slots: 4,
      gas: '7'
    })
    expect(of({ copies: 2 }).totalMs).to.equal(6_000 + 5 * 3_000)
    expect(of({ slots: 0 }).totalMs).to.equal(6_000 + 10 * 3_000)
  })

  it('caps that are too low are named with the flag that raises them', () => {
    expect(estimateText(of(), 600_000)).not.to.match(/Too/)
    const text = estimateText(of({ maxPrice: 10n ** 16n }), 10_000)
    expect(text).to.contain('--max-price 0.101').and.contain('--max-time 23s')
  })
})
