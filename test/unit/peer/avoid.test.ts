import { expect } from 'chai'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { thrown } from '../../support/failures.ts'

const base = 'name: a\ntask: { module: a.wasm }\n'
const operator = '0x' + 'ab'.repeat(20)

describe('operators that shall not get a job', () => {
  it('are kept in the plan as given, none by default', () => {
    expect(parseJobFile(base, 'job.yaml').match.avoid).to.deep.equal([])
    const job = parseJobFile(`${base}match: { avoid: ["${operator}"] }\n`, 'job.yaml')
    expect(job.match.avoid).to.deep.equal([operator])
  })

  it('must be addresses', () => {
    const e = thrown(() => parseJobFile(`${base}match: { avoid: [peer-1] }\n`, 'job.yaml'))
    expect(e.message).to.match(/^job\.yaml:3:\d+ match\.avoid\.0: an operator's address/)
  })
})
