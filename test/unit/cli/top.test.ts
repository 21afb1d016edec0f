import { expect } from 'chai'
import type { Snapshot } from '../../../src/cli/top/snapshot.ts'
import { progressOf, topText } from '../../../src/cli/top/text.ts'
import type { FullJob } from '../../../src/cli/ui/job-view.ts'

const execution = (shard: number, changes: object = {}) => ({
  shard,
  attempt: 1,
  copy: 0,
  state: 'started',
  provider: '12D3KooWaaaaaaaa',
  progress: 0.5,
  price: '0.01',
  ...changes
})
const job = (changes: object = {}): FullJob =>
  ({
    id: '0x12345678abcdef',
    name: 'wordcount',
    state: 'running',
    created: 1_000,
    shards: 4,
    shardsDone: 1,
    spent: '0.01',
    maxPrice: '0.5',
    executionList: [execution(0, { state: 'settled', result: 'r' }), execution(1)],
    ...changes
  }) as unknown as FullJob
const snapshot = (changes: object = {}): Snapshot =>
  ({
    at: 61_000,
    status: {
      peer: '12D3KooWmyselfxx',
      profile: 'full',
      connections: 3,
      providersKnown: 2,
      chain: { reachable: true, chainId: '31337' },
      provider: { slotsFree: 1, slotsTotal: 2 }
    },
    wallet: { free: '10', locked: '0.5' },
    jobs: [job()],
    work: [],
    offers: [{ peer: '12D3KooWaaaaaaaa', slotsFree: 0, slotsTotal: 2, ask: '0.0002', region: 'eu' }],
    ...changes
  }) as unknown as Snapshot

describe('shoal top', () => {
  it('shows who works on what shard, how far, for how much', () => {
    const text = topText(snapshot())
    expect(text).to.contain('…myselfxx  full, 1 of 2 slots free  3 peers  2 providers  chain 31337')
    expect(text).to.contain('10 SHL free, 0.5 SHL locked')
    expect(text).to.match(/0x12345678 {2}wordcount {2}running {2}1\/4 shards .* 1m00s {2}0\.01 of 0\.5 SHL/)
    expect(text).to.match(/shard 1 +…aaaaaaaa +started +█{8}░{8} +50 % +0\.01 SHL/)
    expect(text).to.match(/…aaaaaaaa +0\/2 +0\.0002 +eu +shard 1/)
    expect(text, 'what has ended').not.to.match(/shard 0 /)
  })

  it('the progress of a job counts each shard by its furthest hopeful execution', () => {
    expect(progressOf(job())).to.equal(1.5 / 4)
    const lost = job({
      executionList: [execution(0, { state: 'lost', progress: 0.9 }), execution(0, { progress: 0.2 })]
    })
    expect(progressOf(lost)).to.equal(0.2 / 4)
    expect(progressOf(job({ executionList: [] }))).to.equal(0)
  })

  it('a failed job says why, a chain that is away is loud, work for others is named', () => {
    const failed = job({
      ended: 3_000,
      state: 'failed',
      failure: { code: 'MATCH_TIMEOUT', message: 'no provider' }
    })
    const work = [
      {
        jobId: '0xfeedfeedfeed',
        shard: 7,
        state: 'started',
        requester: '12D3KooWrequestr',
        acknowledged: '0.001',
        price: '0.01',
        created: 1_000
      }
    ]
    const status = { ...snapshot().status, chain: { reachable: false, chainId: '1' }, provider: undefined }
    const text = topText(snapshot({ jobs: [failed], work, status }))
    expect(text).to.contain('MATCH_TIMEOUT: no provider')
    expect(text).to.contain('CHAIN AWAY').and.contain('buys only')
    expect(text).to.match(/0xfeedfeed +shard 7 +started +for …requestr +0\.001 of 0\.01 SHL +1m00s/)
  })

  it('many executions are summed up, and a small window gets what fits', () => {
    const executionList = Array.from({ length: 40 }, (_, i) => execution(i))
    const many = snapshot({ jobs: [job({ shards: 40, executionList })] })
    expect(topText(many)).to.contain('and 28 more')
    const cut = topText(many, 8).split('\n')
    expect(cut).to.have.lengthOf(8)
    expect(cut.at(-1)).to.match(/more lines/)
  })

  it('with nothing to show it says what to do', () => {
    const text = topText(snapshot({ jobs: [], offers: [] }))
    expect(text).to.contain('shoal run job.yaml').and.contain('No providers heard yet')
  })
})
