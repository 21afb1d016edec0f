import { expect } from 'chai'
import { kindsTrial } from '../../../claims/kinds.ts'

describe('a trial of memory, disk and line', function () {
  this.timeout(60_000)
  it('believes every honest peer and no other', async () => {
    const judged = await kindsTrial(11)
    for (const { name, way, honest, believed } of judged) expect(believed, `${name} ${way}`).to.equal(honest)
    expect(judged.filter(j => j.honest)).to.have.length(3)
    expect(judged).to.have.length(17)
  })
})
