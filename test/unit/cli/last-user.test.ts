/** Who keeps a peer that a command has started, and what becomes of output that nobody reads. */
import { expect } from 'chai'
import { Guests, GUESTS_MAX } from '../../../src/api/guests.ts'
import type { Cli } from '../../../src/cli/context.ts'
import { untilAlone } from '../../../src/cli/last-user.ts'
import { Output, READER_LEFT } from '../../../src/cli/output.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { JobId } from '../../../src/protocol/ids.ts'
import { ManualClock, settle } from '../../support/clock.ts'

const job = (n: number): JobId => `0x${String(n).padStart(64, '0')}` as JobId
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (e) {
    return (e as ShoalError).code
  }
}

describe('a peer that a command has started', () => {
  const stage = () => {
    const running = new Set<JobId>()
    const guests = new Guests(id => running.has(id))
    const clock = new ManualClock()
    const said: string[] = []
    const cli = { clock, json: false, remark: (t: string) => void said.push(t) } as unknown as Cli
    const stop = new AbortController()
    const state = { alone: false }
    const wait = () => untilAlone(cli, guests, stop.signal).then(() => void (state.alone = true))
    return { running, guests, clock, said, stop, state, wait }
  }

  it('ends at once when nobody uses it, and then takes nobody', async () => {
    const { guests, said, wait } = stage()
    await wait()
    expect(said).to.deep.equal([])
    expect(codeOf(() => guests.sit({ what: 'run', pid: 7 }))).to.equal('API_UNREACHABLE')
  })

  it('stays for commands that use it, says so, and ends with the last', async () => {
    const { guests, clock, said, state, wait } = stage()
    const leave = [7, 8].map(pid => guests.sit({ what: 'run', pid }))
    const done = wait()
    expect(said.join()).to.contain('process 7 (shoal run), process 8 (shoal run)')
    for (const l of leave) {
      await clock.advance(1_000)
      await settle()
      expect(state.alone).to.equal(false)
      l()
      l() // twice is once
    }
    await clock.advance(1_000)
    await done
  })

  it('stays for a job that was left to it until the job has ended', async () => {
    const { guests, running, clock, said, state, wait } = stage()
    running.add(job(1))
    guests.leave(job(1))
    const done = wait()
    expect(said.join()).to.contain(`job ${job(1).slice(0, 10)}, which was left to it`)
    await clock.advance(60_000)
    await settle()
    expect(state.alone).to.equal(false)
    running.delete(job(1))
    await clock.advance(1_000)
    await done
  })

  it('Ctrl-C ends the wait; one from before does not', async () => {
    const first = stage()
    first.guests.sit({ what: 'run', pid: 7 })
    const done = first.wait()
    first.stop.abort(new ShoalError('CANCELLED', 'interrupted'))
    await done
    const second = stage()
    second.guests.sit({ what: 'run', pid: 7 })
    second.stop.abort(new ShoalError('CANCELLED', 'interrupted'))
    void second.wait()
    await second.clock.advance(10_000)
    await settle()
    expect(second.state.alone).to.equal(false)
  })

  it('takes so many and no more, and remembers no jobs that have ended', () => {
    const { guests, running } = stage()
    for (let i = 0; i < GUESTS_MAX; i++) guests.sit({ what: 'run', pid: i })
    expect(codeOf(() => guests.sit({ what: 'run', pid: 1 }))).to.equal('QUOTA_EXCEEDED')
    for (let i = 0; i < 10; i++) {
      running.clear()
      running.add(job(i))
      guests.leave(job(i))
    }
    expect(guests.jobs()).to.deep.equal([job(9)])
  })
})

describe('output that nobody takes', () => {
  const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`write ${code}`), { code })

  it('of a reader that has left ends a command as SIGPIPE would, unless it goes on', () => {
    const [shows, buys] = [new Output(), new Output()]
    buys.goOn()
    for (const o of [shows, buys]) o.fail(failure('EPIPE'))
    expect([shows.exitCode(0), shows.exitCode(130), buys.exitCode(0), buys.exitCode(3)]).to.deep.equal([
      ...[READER_LEFT, READER_LEFT, 0, 3]
    ])
    expect(shows.trouble).to.equal(undefined)
    expect(shows.failed).to.equal(true)
  })

  it('that cannot be written is told, and no success', () => {
    const o = new Output()
    o.fail(failure('ENOSPC'))
    o.fail(failure('EPIPE')) // the first one counts
    expect([o.exitCode(0), o.exitCode(4)]).to.deep.equal([1, 4])
    expect(o.trouble?.message).to.contain('ENOSPC')
  })

  it('is heard of once, also by whoever listens late, and not by whoever has stopped', () => {
    const o = new Output()
    const heard: string[] = []
    o.onFailure(() => heard.push('early'))
    o.onFailure(() => heard.push('stopped'))()
    o.fail(failure('EPIPE'))
    o.fail(failure('EPIPE'))
    o.onFailure(() => heard.push('late'))
    expect(heard).to.deep.equal(['early', 'late'])
  })
})
