/** At the end of a job: what is here and right is paid, what differs is not, all else is given up. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ExecutionEntry, JobEntry } from '../../../src/peer/journal/entries.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { windUp } from '../../../src/peer/requester/wind.ts'
import { ManualClock } from '../../support/clock.ts'
import { execution, job, plan } from '../../support/entries.ts'
import { common, hex, needs, provider, result, rules } from '../../support/records.ts'

const ctx = {
  clock: new ManualClock(),
  chainNews: { listen: () => () => undefined },
  journal: { putExecution: async () => undefined, addWork: async () => undefined }
} as unknown as PeerContext

const replicas = job({ state: 'cancelling', plan: plan({ tier: 'replicas', copies: 3 }) })

async function livesOf(owner: JobEntry, ...entries: Partial<ExecutionEntry>[]): Promise<LiveExecution[]> {
  const all = await Promise.all(entries.map((e, copy) => execution(provider, { copy, ...e })))
  return all.map(
    e =>
      new LiveExecution(
        ctx,
        () => owner,
        e,
        () => undefined
      )
  )
}

const lives = (...entries: Partial<ExecutionEntry>[]) => livesOf(replicas, ...entries)

/** Which copies were accepted and refused in one pass. */
async function judged(all: readonly LiveExecution[]) {
  const [accepted, refused]: [number[], number[]] = [[], []]
  const asked: string[] = []
  const left = await windUp(all, {
    accept: async live => void accepted.push(live.entry.copy),
    refuse: async live => void refused.push(live.entry.copy),
    compare: ({ compare }) => void asked.push(...(compare ?? []))
  })
  return { accepted, refused, left, ...(asked.length === 0 ? {} : { asked }) }
}

describe('the end of a job', () => {
  const here = async (digest: number): Promise<Partial<ExecutionEntry>> => ({
    state: 'delivered',
    fetched: true,
    result: await result(provider, { digest: hex(digest) })
  })

  it('a result that differs from what its shard was settled on is refused, an equal one is paid', async () => {
    const all = await lives(
      { ...(await here(1)), state: 'accepted' },
      { ...(await here(1)), state: 'accepted' },
      await here(2)
    )
    expect(await judged(all)).to.deep.equal({ accepted: [], refused: [2], left: 3 })
    const equal = await lives(
      { ...(await here(1)), state: 'accepted' },
      { ...(await here(1)), state: 'accepted' },
      await here(1)
    )
    expect((await judged(equal)).accepted).to.deep.equal([2])
  })

  it('a result that was not held against the one that stands is compared first, and neither paid nor refused', async () => {
    const owner = job({
      state: 'cancelling',
      plan: plan({
        tier: 'replicas',
        copies: 3,
        common: { ...common, needs: { ...needs, compare: rules.tolerance } }
      })
    })
    const all = await livesOf(
      owner,
      { ...(await here(1)), state: 'accepted', stands: true, compared: [{ with: hex(2), same: true }] },
      { ...(await here(2)), state: 'accepted' },
      await here(3)
    )
    expect(await judged(all)).to.deep.equal({ accepted: [], refused: [], left: 3, asked: ['3/1/2', '3/1/0'] })
  })

  it('a result that is here is paid though its shard was never settled; one on its way is waited for', async () => {
    const all = await lives(await here(1), { ...(await here(2)), fetched: false })
    expect(await judged(all)).to.deep.equal({ accepted: [0], refused: [], left: 2 })
  })

  it('what was only agreed on is declined, what runs is given up, what has ended is not counted', async () => {
    const all = await lives({ state: 'awarded' }, { state: 'started' }, { state: 'settled' })
    expect((await judged(all)).left).to.equal(2)
    expect(all.map(l => l.entry.state)).to.deep.equal(['declined', 'lost', 'settled'])
  })
})
