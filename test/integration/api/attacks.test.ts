import { expect } from 'chai'
import { attacks } from '../../local-api/attacks.ts'
import type { Target } from '../../local-api/attack.ts'
import { served } from '../../local-api/resources.ts'
import { startTarget } from '../../local-api/target.ts'

/** These wait for timeouts; `npm run test:local-api` runs them. */
const SLOW = /^slow (headers|body$)/

describe('attacks on the local API of a real peer', () => {
  let target: Target
  let stop: () => Promise<void>

  before(async () => {
    ;({ target, stop } = await startTarget())
  })
  after(() => stop())

  for (const attack of attacks.filter(a => !SLOW.test(a.name))) {
    it(`${attack.name}: gets nothing`, async () => {
      expect((await attack.run(target)).success).to.equal(undefined)
    })
  }

  it('the honest client is served afterwards', async () => {
    expect(await served(target)).to.equal(true)
  })
})
