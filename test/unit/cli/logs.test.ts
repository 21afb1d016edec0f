import { expect } from 'chai'
import { chooser, sinceOf, Tail, type LogLine } from '../../../src/cli/logs/lines.ts'
import { reasonLines, reasonsOf } from '../../../src/cli/logs/reasons.ts'
import type { FullJob } from '../../../src/cli/ui/job-view.ts'
import { thrown } from '../../support/failures.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const line = (changes: Partial<LogLine> = {}): LogLine => ({
  kind: 'log',
  seq: 0,
  at: NOW,
  shard: 0,
  attempt: 1,
  stream: 'out',
  line: 'Hello',
  ...changes
})

describe('log lines', () => {
  it('--since takes a duration or a time, and says what it takes', () => {
    expect(sinceOf('10m', NOW)).to.equal(NOW - 600_000)
    expect(sinceOf('1h30m', NOW)).to.equal(NOW - 5_400_000)
    expect(sinceOf('2026-11-24', NOW)).to.equal(NOW - 12 * 3_600_000)
    expect(sinceOf('2026-11-24T13:00:00+01:00', NOW)).to.equal(NOW)
    for (const text of ['yesterday', '', '10', '2026-13-45', '2026-11-24T12:00', '10 m', '10mm'])
      expect(thrown(() => sinceOf(text, NOW), 'USAGE').message).to.match(/since|duration/)
  })

  it('shard, time and text must all fit; case does not matter', () => {
    const fits = chooser({ shard: 2, since: '1m', search: 'hELL' }, NOW)
    expect(fits(line({ shard: 2 }))).to.equal(true)
    expect(fits(line({ shard: 1 }))).to.equal(false)
    expect(fits(line({ shard: 2, at: NOW - 60_001 }))).to.equal(false)
    expect(fits(line({ shard: 2, line: 'bye' }))).to.equal(false)
    expect(chooser({}, NOW)(line())).to.equal(true)
  })

  it('--tail keeps the last of what was there and then lets new lines through', () => {
    const shown: number[] = []
    const tail = new Tail(2, l => void shown.push(l.seq))
    for (const seq of [1, 2, 3]) tail.add(line({ seq }))
    expect(shown).to.deep.equal([])
    tail.live()
    for (const seq of [4, 5, 6]) tail.add(line({ seq }))
    expect(shown).to.deep.equal([2, 3, 4, 5, 6])
    const none: number[] = []
    const zero = new Tail(0, l => void none.push(l.seq))
    zero.add(line({ seq: 1 }))
    zero.live()
    zero.add(line({ seq: 2 }))
    expect(none).to.deep.equal([2])
  })

  it('the reason of a failure: the job’s own first, then executions, many summed up', () => {
    const failed = (shard: number, attempt: number) => ({
      shard,
      attempt,
      provider: '12D3KooWabcdefgh',
      failure: { code: 'LIMIT_MEMORY', message: 'out of memory' }
    })
    const job = {
      failure: { code: 'ATTEMPTS_EXHAUSTED', message: 'shard 1 failed 3 times' },
      executionList: [failed(1, 1), { shard: 0, attempt: 1 }, failed(1, 2)]
    } as unknown as FullJob
    const lines = reasonLines(reasonsOf(job), '0x12345678abcdef')
    expect(lines[0]).to.equal('job failed  ATTEMPTS_EXHAUSTED: shard 1 failed 3 times')
    expect(lines[1]).to.equal('shard 1 attempt 2 on …abcdefgh  LIMIT_MEMORY: out of memory')
    expect(lines).to.have.lengthOf(3)
    const many = {
      ...job,
      executionList: Array.from({ length: 30 }, (_, i) => failed(i, 1))
    } as unknown as FullJob
    expect(reasonLines(reasonsOf(many), '0x12345678abcdef').at(-1)).to.equal(
      'and 23 more; see: shoal job 0x12345678'
    )
    expect(reasonsOf({ executionList: [] } as unknown as FullJob)).to.deep.equal([])
  })
})
