/** The short form of `npm run test:mistakes`. */
import { expect } from 'chai'
import type { Said } from '../../mistakes/in-process.ts'
import { cases, faultsOf, type Case } from '../../mistakes/judge.ts'
import { here, inProcess, runCases, runMutants, sample } from '../../mistakes/run.ts'

/** `npm run test:mistakes` holds refusals to a second; here the machine may be busy, and only a hang is a fault. ms. */
const PATIENCE_MS = 60_000

describe('mistakes of people', function () {
  this.timeout(300_000)

  it('every hand-made one is refused with its place and what to do, and the documented exit code', async () => {
    expect(cases.length).to.be.at.least(150)
    expect((await runCases('all', cases, here, PATIENCE_MS)).failures).to.deep.equal([])
  })

  it('the program itself says the same as its code does here', async () => {
    expect((await runCases('some', sample(5), inProcess, PATIENCE_MS)).failures).to.deep.equal([])
  })

  it('a mutated job or config file is one after all or is refused in words', () => {
    const r = runMutants(500, 1, PATIENCE_MS)
    expect(r.failures).to.deep.equal([])
    expect(r.accepted, 'mutants that are good files').to.be.within(1, 300)
  })

  it('the judge sees a wrong answer of every kind', () => {
    const c: Case = {
      group: 'job file',
      name: 'planted',
      args: [],
      files: {},
      env: {},
      code: 2,
      says: ['count'],
      place: 'job.yaml:3:8'
    }
    const good = {
      code: 2,
      stdout: '',
      stderr: 'error: job.yaml:3:8 count\n  count: x\n         ^\n  Edit it.\n',
      ms: 5
    }
    expect(faultsOf(c, good)).to.deep.equal([])
    const wrong: readonly [object, RegExp][] = [
      [{ code: 0 }, /exit code 0, expected 2/],
      [{ ms: 1_001 }, /took 1001 ms/],
      [{ stdout: 'x' }, /standard output/],
      [{ stderr: good.stderr.replace('3:8', '3:9') }, /place is not/],
      [{ stderr: good.stderr.replace('^', '') }, /no caret/],
      [{ stderr: good.stderr.replace('error: ', '') }, /does not begin/],
      [{ stderr: good.stderr.replace('  Edit it.\n', '') }, /what to do/],
      [{ stderr: good.stderr.replace('count\n', 'x\n').replace('count: x', 'x') }, /does not say "count"/],
      [{ stderr: `${good.stderr}    at parse (file:///a.ts:1:1)\n` }, /internals/]
    ]
    for (const [change, says] of wrong) expect(faultsOf(c, { ...good, ...change }).join('; ')).to.match(says)
  })

  it('a late refusal is asked for once more: one that hangs is late again, one that met a busy moment is not', async () => {
    const [c] = cases
    if (c === undefined) throw new Error('no case')
    const take = (times: number[]) => async (): Promise<Said> => ({
      code: c.code,
      stdout: '',
      stderr: '',
      ms: times.shift() ?? 0
    })
    const faults = async (times: number[]): Promise<string> =>
      (await runCases('late', [c], take(times), 1_000)).failures.join('; ')
    expect(await faults([1_020, 5])).to.not.match(/took/)
    expect(await faults([1_020, 1_300])).to.match(/took 1300 ms/)
  })
})
