import { expect } from 'chai'
import { parseHours, wallTime, within } from '../../../../src/peer/policy/hours.ts'
import { thrown } from '../../../support/failures.ts'

const BERLIN = 'Europe/Berlin'
const at = (iso: string): number => Date.parse(iso)
const open = (hours: string[], iso: string, zone = 'UTC'): boolean =>
  within(hours.map(parseHours), wallTime(at(iso), zone))

describe('hours of a policy', () => {
  it('none at all is always; a window has its beginning and not its end', () => {
    expect(open([], '2026-11-24T03:00:00Z')).to.equal(true)
    expect(open(['09:00-17:00'], '2026-11-24T08:59:59Z')).to.equal(false)
    expect(open(['09:00-17:00'], '2026-11-24T09:00:00Z')).to.equal(true)
    expect(open(['09:00-17:00'], '2026-11-24T16:59:59Z')).to.equal(true)
    expect(open(['09:00-17:00'], '2026-11-24T17:00:00Z')).to.equal(false)
    expect(open(['00:00-24:00'], '2026-11-24T23:59:59Z')).to.equal(true)
  })

  it('over midnight: the hours after it belong to the day before', () => {
    expect(open(['22:00-06:00'], '2026-11-24T23:00:00Z')).to.equal(true)
    expect(open(['22:00-06:00'], '2026-11-25T05:59:00Z')).to.equal(true)
    expect(open(['22:00-06:00'], '2026-11-25T06:00:00Z')).to.equal(false)
    // 2026-11-28 is a Saturday
    expect(open(['fri 22:00-06:00'], '2026-11-27T23:00:00Z')).to.equal(true)
    expect(open(['fri 22:00-06:00'], '2026-11-28T05:00:00Z')).to.equal(true)
    expect(open(['fri 22:00-06:00'], '2026-11-28T23:00:00Z')).to.equal(false)
    expect(open(['fri 22:00-06:00'], '2026-11-27T05:00:00Z')).to.equal(false)
    expect(open(['sun 22:00-06:00'], '2026-11-30T05:00:00Z')).to.equal(true)
  })

  it('days as lists and ranges, ranges over the end of the week, several windows', () => {
    expect(open(['mon-fri 09:00-10:00'], '2026-11-27T09:30:00Z')).to.equal(true)
    expect(open(['mon-fri 09:00-10:00'], '2026-11-28T09:30:00Z')).to.equal(false)
    expect(open(['sat-mon 09:00-10:00'], '2026-11-29T09:30:00Z')).to.equal(true)
    expect(open(['sat-mon 09:00-10:00'], '2026-11-24T09:30:00Z')).to.equal(false)
    expect(open(['sat,Wed 09:00-10:00', '11:00-12:00'], '2026-11-25T09:30:00Z')).to.equal(true)
    expect(open(['sat,wed 09:00-10:00', '11:00-12:00'], '2026-11-24T11:30:00Z')).to.equal(true)
  })

  it('go by the clock on the wall when summer time begins: the hour that does not exist is missed by nobody', () => {
    // in Berlin 2026-03-29 02:00 becomes 03:00, which is 01:00 UTC
    expect(wallTime(at('2026-03-29T00:59:00Z'), BERLIN)).to.deep.equal({ day: 6, minute: 119 })
    expect(wallTime(at('2026-03-29T01:00:00Z'), BERLIN)).to.deep.equal({ day: 6, minute: 180 })
    expect(open(['02:00-03:00'], '2026-03-29T00:59:00Z', BERLIN)).to.equal(false)
    expect(open(['02:00-03:00'], '2026-03-29T01:00:00Z', BERLIN)).to.equal(false)
    expect(open(['22:00-06:00'], '2026-03-29T03:59:00Z', BERLIN)).to.equal(true)
    expect(open(['22:00-06:00'], '2026-03-29T04:00:00Z', BERLIN)).to.equal(false)
  })

  it('and when it ends: the hour that comes twice counts twice', () => {
    // in Berlin 2026-10-25 03:00 becomes 02:00, which is 01:00 UTC
    expect(open(['02:00-03:00'], '2026-10-25T00:30:00Z', BERLIN)).to.equal(true)
    expect(open(['02:00-03:00'], '2026-10-25T01:30:00Z', BERLIN)).to.equal(true)
    expect(open(['02:00-03:00'], '2026-10-25T02:00:00Z', BERLIN)).to.equal(false)
    expect(open(['22:00-06:00'], '2026-10-25T04:59:00Z', BERLIN)).to.equal(true)
    expect(open(['22:00-06:00'], '2026-10-25T05:00:00Z', BERLIN)).to.equal(false)
  })

  it('what is no window is refused with how to write one', async () => {
    for (const bad of [
      '',
      '22-6',
      '25:00-26:00',
      '10:60-11:00',
      '24:00-06:00',
      '10:00-10:00',
      'day 10:00-11:00'
    ])
      expect((await thrown(() => parseHours(bad))).message, bad).to.match(/22:00-06:00/)
    for (const bad of ['mon-tue-wed 10:00-11:00', 'mon,, 10:00-11:00', '10:00', '10:00-11:00 mon'])
      expect((await thrown(() => parseHours(bad))).message, bad).to.match(/22:00-06:00/)
  })
})
