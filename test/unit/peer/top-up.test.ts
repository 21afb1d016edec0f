import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { TopUp } from '../../../src/peer/top-up.ts'
import { ManualClock } from '../../support/clock.ts'
import { noLog } from '../../support/tasks.ts'

/** What a start deposits when `autoDeposit` is wanted. */
async function deposited(
  autoDeposit: bigint,
  account: { free: bigint; locked: bigint; wallet: bigint }
): Promise<bigint[]> {
  const deposits: bigint[] = []
  const settlement = {
    underWay: () => [],
    account: async () => account,
    deposit: async (amount: bigint) => void deposits.push(amount)
  }
  const ctx = { clock: new ManualClock(), config: { wallet: { autoDeposit } }, log: noLog, settlement }
  const topUp = new TopUp(ctx as unknown as PeerContext)
  await topUp.start()
  await topUp.stop()
  return deposits
}

describe('topping up the vault at start', () => {
  it('what is locked in escrows counts: a restart during a job moves no more than was allowed', async () => {
    expect(await deposited(100n, { free: 30n, locked: 50n, wallet: 1_000n })).to.deep.equal([20n])
    expect(await deposited(100n, { free: 0n, locked: 100n, wallet: 1_000n })).to.deep.equal([])
    expect(await deposited(100n, { free: 200n, locked: 0n, wallet: 1_000n })).to.deep.equal([])
  })

  it('a deposit of before is waited for, and what is missing after it is known then', async () => {
    const clock = new ManualClock()
    const deposits: bigint[] = []
    let [free, under] = [0n, [{ what: 'deposit' }]]
    const settlement = {
      underWay: () => under,
      account: async () => ({ free, locked: 0n, wallet: 1_000n }),
      deposit: async (amount: bigint, { joined }: { joined: () => void }) => {
        deposits.push(amount)
        if (deposits.length === 1)
          joined() // it tells how the one of before ended, and sends nothing
        else free += amount
      }
    }
    const config = { wallet: { autoDeposit: 100n } }
    const topUp = new TopUp({ clock, config, log: noLog, settlement } as unknown as PeerContext)
    await topUp.start()
    await clock.advance(25_000)
    expect(deposits).to.deep.equal([])
    ;[free, under] = [60n, []]
    await clock.advance(30_000)
    await topUp.stop()
    expect(deposits).to.deep.equal([40n, 40n])
    expect(free).to.equal(100n)
  })

  it('as far as the wallet reaches, and nothing when it is off', async () => {
    expect(await deposited(100n, { free: 0n, locked: 0n, wallet: 7n })).to.deep.equal([7n])
    expect(await deposited(0n, { free: 0n, locked: 0n, wallet: 7n })).to.deep.equal([])
  })
})
