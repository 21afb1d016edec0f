/** What the chain's blocks tell: how long calls take, and what time it is, without this machine's wall clock. */
import { expect } from 'chai'
import type { Rpc } from '../../../src/settlement/rpc/reliable.ts'
import { quantity } from '../../../src/settlement/rpc/rpc.ts'
import { BlockClock } from '../../../src/settlement/time/chain-clock.ts'
import { Pace } from '../../../src/settlement/time/pace.ts'
import { watched } from '../../../src/settlement/time/sightings.ts'
import { seededRandom } from '../../support/sim/random.ts'
import { ManualClock } from '../../support/clock.ts'

/** Seconds by which the chain's time differs from the test clock's. */
const AHEAD = 4

/** A chain with a block each `every` milliseconds of the clock; the moment of a block is its time, in whole seconds. */
class TimedChain implements Rpc {
  readonly reachable = true
  readonly #clock: ManualClock
  readonly #begun: number
  every = 2_000
  /** Milliseconds until an answer comes, and blocks that the asked node lags. */
  latency = (): number => 20
  lag = (): number => 0
  ahead = AHEAD
  stopped: number | undefined
  /** Instead of the truth. */
  lie: object | undefined
  asked = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
    this.#begun = clock.monotonic()
  }

  get head(): number {
    const now = this.stopped ?? this.#clock.monotonic()
    return 100 + Math.floor((now - this.#begun) / this.every)
  }
  timeOf(block: number): number {
    return Math.floor((this.#begun + (block - 100) * this.every) / 1000) + this.ahead
  }
  /** By this chain's clock, now. */
  get seconds(): number {
    return this.#clock.monotonic() / 1000 + this.ahead
  }

  call = async (method: string): Promise<unknown> => {
    this.asked++
    await this.#clock.sleep(this.latency() / 2)
    const head = this.head - this.lag()
    const answer =
      method === 'eth_blockNumber'
        ? quantity(head)
        : (this.lie ?? { number: quantity(head), timestamp: quantity(this.timeOf(head)) })
    await this.#clock.sleep(this.latency() / 2)
    return answer
  }
  close = async (): Promise<void> => undefined
}

describe("the chain's clock", () => {
  let clock: ManualClock
  let chain: TimedChain
  let blocks: BlockClock
  let rpc: Rpc
  let stop: AbortController

  beforeEach(() => {
    clock = new ManualClock()
    chain = new TimedChain(clock)
    blocks = new BlockClock(clock)
    rpc = watched(chain, clock, blocks)
    stop = new AbortController()
  })
  afterEach(() => stop.abort())

  const pass = async (ms: number): Promise<void> => {
    for (let t = 0; t < ms; t += 50) await clock.advance(50)
  }
  const measure = async (ms = 30_000): Promise<void> => {
    void blocks.measure(rpc, stop.signal)
    await pass(ms)
  }
  const off = (): number => (blocks.now()?.seconds ?? NaN) - chain.seconds

  for (const every of [250, 1_000, 2_000, 12_000])
    it(`tells the chain's time from blocks that come each ${every} ms, within the error that it gives`, async () => {
      chain.every = every
      await measure(60_000)
      const now = blocks.now()
      expect(Math.abs(off())).to.be.at.most(now?.error ?? 0)
      expect(now?.error).to.be.at.most(1.5 + every / 1_000)
      expect(blocks.behind()?.seconds).to.be.within(AHEAD - 1.5 - every / 1e4, AHEAD + 1)
      expect(blocks.interval()).to.be.within(every, every * 1.5)
      // and goes on between blocks
      await clock.advance(700)
      expect(Math.abs(off())).to.be.at.most(now?.error ?? 0)
    })

  it('says nothing before three blocks were seen to come', async () => {
    await measure(3_000)
    expect(blocks.now()).to.equal(undefined)
    expect(blocks.behind()).to.equal(undefined)
  })

  it('never needs the wall clock to be right', async () => {
    await measure()
    const before = off()
    Object.assign(clock, { now: () => 5 }) // the year 1970
    expect(off()).to.equal(before)
    expect(blocks.behind()?.seconds).to.be.greaterThan(1e9)
  })

  it('a chain that stands still has no time, and has it again when it goes on', async () => {
    await measure()
    chain.stopped = clock.monotonic()
    await pass(121_000)
    expect(blocks.now()).to.equal(undefined)
    chain.stopped = undefined
    for (let i = 0; i < 40; i++)
      await Promise.all([rpc.call('eth_getBlockByNumber', ['latest', false]), pass(200)])
    expect(Math.abs(off())).to.be.at.most(1.5)
  })

  it('asks seldom: a few dozen times at first, and in each ten minutes', async () => {
    await measure()
    expect(chain.asked).to.be.lessThan(60)
    const before = chain.asked
    await pass(600_000)
    expect(chain.asked - before).to.be.lessThan(60)
  })

  it('learns from looks that others take, by number and by header', async () => {
    for (let i = 0; i < 60; i++) {
      await Promise.all([rpc.call('eth_blockNumber', []), clock.advance(20)])
      await Promise.all([rpc.call('eth_getBlockByNumber', [quantity(chain.head), false]), clock.advance(20)])
      await pass(400)
    }
    expect(Math.abs(off())).to.be.at.most(1.5)
  })

  it('looks that are far apart tell nothing, rather than something wrong', async () => {
    for (let i = 0; i < 20; i++) {
      await Promise.all([rpc.call('eth_getBlockByNumber', ['latest', false]), clock.advance(20)])
      await pass(10_000)
    }
    expect(blocks.now()).to.equal(undefined)
  })

  it('is right within its error over slow answers and nodes that lag', async () => {
    const random = seededRandom(3)
    chain.latency = () => 100 + random.fraction() * 900
    chain.lag = () => (random.fraction() < 0.3 ? 2 : 0)
    await measure(60_000)
    expect(Math.abs(off())).to.be.lessThan(2.5)
  })

  it('follows a chain whose time was stepped, and one that went back', async () => {
    await measure()
    chain.ahead = AHEAD + 3_600
    void blocks.measure(rpc, stop.signal)
    await pass(20_000)
    expect(Math.abs(off())).to.be.at.most(1.5)
  })

  it('a lie about one block is forgotten', async () => {
    await measure()
    chain.lie = { number: '0xffffffffff', timestamp: '0xffffffff' }
    await Promise.all([rpc.call('eth_getBlockByNumber', ['latest', false]), pass(100)])
    chain.lie = undefined
    for (let i = 0; i < 250; i++)
      await Promise.all([rpc.call('eth_getBlockByNumber', ['latest', false]), pass(200)])
    expect(Math.abs(off())).to.be.at.most(1.5)
    expect(blocks.interval()).to.be.within(1_500, 3_000)
  })

  it('answers of the wrong shape pass by unseen', async () => {
    for (const lie of [{ number: 'x' }, { number: '0x1', timestamp: {} }, { timestamp: '0x1' }, ['0x1']]) {
      chain.lie = lie
      await Promise.all([rpc.call('eth_getBlockByNumber', ['latest', false]), clock.advance(20)])
    }
    expect(blocks.interval()).to.equal(undefined)
  })
})

describe('the pace of calls', () => {
  it('before any was sent is two intervals of the chain, and a guess where that is not known', () => {
    expect(new Pace(() => 2_000).estimateMs(0)).to.equal(4_000)
    expect(new Pace(() => undefined).estimateMs(0)).to.equal(24_000)
  })

  it('is above nearly all that is measured, and follows it', () => {
    const random = seededRandom(9)
    const pace = new Pace(() => 1_000)
    const takes = (mean: number): number => mean * (0.5 + random.fraction())
    let above = 0
    for (let i = 0; i < 400; i++) {
      const ms = takes(i < 200 ? 3_000 : 20_000)
      if (i !== 200 && i !== 0 && pace.estimateMs(0) >= ms) above++
      pace.took(ms)
    }
    expect(above).to.be.greaterThan(380)
    expect(pace.estimateMs(0)).to.be.within(20_000, 80_000)
    for (let i = 0; i < 100; i++) pace.took(takes(3_000))
    expect(pace.estimateMs(0)).to.be.within(3_000, 12_000)
  })

  it('is no less than the oldest call waits now', () => {
    const pace = new Pace(() => 1_000)
    for (let i = 0; i < 20; i++) pace.took(2_000)
    expect(pace.estimateMs(0)).to.be.lessThan(4_000)
    expect(pace.estimateMs(50_000)).to.equal(50_000)
  })

  it('is bounded below and above', () => {
    const pace = new Pace(() => 1)
    for (let i = 0; i < 20; i++) pace.took(5)
    expect(pace.estimateMs(0)).to.equal(1_000)
    expect(pace.estimateMs(10 ** 9)).to.equal(600_000)
  })
})
