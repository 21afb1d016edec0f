/** The card of a peer stays good whatever becomes of its wall clock. */
import { expect } from 'chai'
import { CardKeeper } from '../../../src/peer/card-keeper.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { verifyCard } from '../../../src/peer/records.ts'
import { settle } from '../../support/clock.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'
import { EagerClock } from '../../support/world/clock.ts'
import { Machine } from '../../support/world/machine.ts'

const HOUR = 3_600_000

describe('the card of a peer', () => {
  async function kept(use: (k: Kept) => Promise<void>, profile: 'full' | 'light' = 'light'): Promise<void> {
    const world = new EagerClock(r.NOW)
    const machine = new Machine(world)
    const addresses = ['/ip4/127.0.0.1/tcp/1']
    const answers = new Map<string, () => Promise<unknown>>()
    const ctx = {
      ...{ clock: machine.clock, random: { fraction: () => 0.5 }, log: noLog, ...r.provider },
      ...{ recipient: { publicKey: r.filled(9) }, config: { provider: {} } },
      network: {
        addresses: () => addresses,
        profile,
        putCard: () => Promise.resolve(1),
        handle: (method: string, answer: () => Promise<unknown>) => {
          answers.set(method, answer)
          return () => answers.delete(method)
        },
        peers: () => [],
        onPeer: () => () => undefined
      }
    } as unknown as PeerContext
    const keeper = new CardKeeper(ctx)
    await keeper.start()
    /** Long enough for a look; keys are real, so signing takes turns of the loop. */
    const pass = async (ms: number): Promise<void> => {
      await world.run(() => false, world.now() + ms)
      for (let i = 0; i < 20; i++) await settle()
    }
    try {
      await use({ keeper, machine, addresses, answers, pass, world })
    } finally {
      await keeper.stop()
    }
  }
  interface Kept {
    readonly keeper: CardKeeper
    readonly machine: Machine
    readonly addresses: string[]
    /** How requests of others are answered, by method. */
    readonly answers: ReadonlyMap<string, () => Promise<unknown>>
    readonly pass: (ms: number) => Promise<void>
    readonly world: EagerClock
  }

  it('is renewed when half of its life is gone, or the addresses are others', async () => {
    await kept(async ({ keeper, addresses, pass }) => {
      const first = keeper.card
      await pass(5 * HOUR)
      expect(keeper.card).to.equal(first)
      await pass(2 * HOUR)
      expect(keeper.card.expires).to.be.greaterThan(first.expires)
      const second = keeper.card
      addresses.push('/ip4/127.0.0.1/tcp/2')
      await pass(60_000)
      expect(keeper.card.addresses).to.deep.equal(addresses)
      expect(keeper.card.seq).to.be.greaterThan(second.seq)
    })
  })

  it('is given to whoever asks a full peer for it: so the sides of a dispute know an arbiter that sells nothing', async () => {
    let left: Kept['answers'] | undefined
    await kept(async ({ keeper, addresses, answers, pass }) => {
      left = answers
      expect(await answers.get('card')?.()).to.deep.equal({ card: keeper.card })
      addresses.push('/ip4/127.0.0.1/tcp/2')
      await pass(60_000)
      expect(await answers.get('card')?.()).to.deep.equal({ card: keeper.card })
    }, 'full')
    expect(left?.size).to.equal(0)
  })

  it('is not given away by a light peer, which nobody can dial', async () => {
    await kept(async ({ answers }) => {
      expect(answers.size).to.equal(0)
    })
  })

  it('is newer than the one before also when the clock was set back meanwhile', async () => {
    await kept(async ({ keeper, machine, addresses, pass }) => {
      const first = keeper.card
      machine.step(-HOUR)
      addresses.push('/ip4/127.0.0.1/tcp/2')
      await pass(60_000)
      expect(keeper.card.addresses).to.deep.equal(addresses)
      expect(keeper.card.seq).to.be.greaterThan(first.seq)
    })
  })

  it('that was made while the clock was a day ahead is made anew when it is set right', async () => {
    await kept(async ({ keeper, machine, addresses, pass, world }) => {
      machine.step(24 * HOUR)
      addresses.push('/ip4/127.0.0.1/tcp/2')
      await pass(60_000)
      const others = { typed: r.typed, identities: identityVerifier, clock: world }
      expect(await verifyCard(keeper.card, others).catch((e: unknown) => String(e))).to.match(/too far ahead/)
      machine.step(-24 * HOUR)
      await pass(60_000)
      await verifyCard(keeper.card, others)
    })
  })
})
