/** The short form of `npm run test:mistakes`. */
import { expect } from 'chai'
import { cases } from '../../mistakes/judge.ts'
import { here, inProcess, runCases, runMutants, sample } from '../../mistakes/run.ts'

describe('mistakes of people', function () {
  this.timeout(120_000)

  it('every hand-made one is refused in time, with its place and what to do, and the documented exit code', async () => {
    expect(cases.length).to.be.at.least(150)
    expect((await runCases('all', cases, here)).failures).to.deep.equal([])
  })

  it('the program itself says the same as its code does here', async () => {
    expect((await runCases('some', sample(5), inProcess)).failures).to.deep.equal([])
  })

  it('a mutated job or config file is one after all or is refused in words', () => {
    const r = runMutants(500, 1)
    expect(r.failures).to.deep.equal([])
    expect(r.accepted, 'mutants that are good files').to.be.within(1, 300)
  })
})
