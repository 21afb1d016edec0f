import { expect } from 'chai'
import { Places } from '../../../src/p2p/engine/places.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'

const never = new AbortController().signal
const settled = async (p: Promise<unknown>): Promise<boolean> =>
  await Promise.race([p.then(() => true), new Promise<boolean>(r => setImmediate(() => r(false)))])

describe('places for our own requests', () => {
  it('are given in turn', async () => {
    const places = new Places(10)
    const leave = await places.enter('a', 1, never)
    const second = places.enter('a', 1, never)
    const third = places.enter('a', 1, never)
    expect(await settled(second)).to.equal(false)
    leave()
    leave()
    ;(await second)()
    expect(await settled(third)).to.equal(true)
  })

  it('an asker that gave up takes no place', async () => {
    const places = new Places(10)
    const leave = await places.enter('a', 1, never)
    const impatient = new AbortController()
    const second = places.enter('a', 1, impatient.signal)
    const third = places.enter('a', 1, never)
    impatient.abort(new ShoalError('CANCELLED', 'enough'))
    expect(await second.catch((e: Error) => e.message)).to.equal('enough')
    leave()
    expect(await settled(third)).to.equal(true)
  })

  it('the line of those who wait is bounded', async () => {
    const places = new Places(1)
    await places.enter('a', 1, never)
    void places.enter('a', 1, never)
    const refused = await places.enter('a', 1, never).catch((e: ShoalError) => e.code)
    expect(refused).to.equal('QUOTA_EXCEEDED')
  })
})
