import { expect } from 'chai'
import fc from 'fast-check'
import { loadConfig } from '../../../src/peer/home/config.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { isShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'

const JOB = `name: wordcount
task:
  module: wordcount.wasm
  args: ["--top", "100"]
  env: { LANG: C }
inputs: { text.txt: ./book.txt }
split: { input: text.txt, by: lines }
count: 8
gather: { module: merge.wasm }
resources: { cpu: 1, memory: 128MiB, gpu: none }
limits: { gas: 20e9, wall: 2m }
price: { max: "0.50" }
verify: { tier: replicas, copies: 2, compare: { by: bytes } }
deadline: 10m
`
const CONFIG = `profile: full
chain: { rpcUrl: http://127.0.0.1:8545, poll: 500ms }
p2p: { listen: [/ip4/127.0.0.1/tcp/0], bootstrap: [] }
provider: { slots: 2, ask: 0.0002, memory: 1GiB, energy: grid }
lease: 6s
log: { level: info }
`
const pieces = [
  '*',
  '&',
  '!',
  '|',
  '>',
  '%',
  '@',
  '`',
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  ',',
  '#',
  '- ',
  '? ',
  '---\n',
  '...',
  '\n',
  '\t',
  '  ',
  '"',
  "'",
  '\\',
  '\0',
  '\ud800',
  '☃',
  '<<: ',
  '!!binary ',
  '!!js/function ',
  '__proto__: ',
  '1e999',
  '.nan',
  '.inf',
  '-0',
  '0x',
  '0o7',
  'null',
  '~',
  'true',
  '2001-01-01'
]

const edits = fc.array(
  fc.record({
    at: fc.nat(2000),
    remove: fc.integer({ min: 0, max: 12 }),
    insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 }), fc.constant(''))
  }),
  { minLength: 1, maxLength: 5 }
)
const altered = (text: string, list: { at: number; remove: number; insert: string }[]): string =>
  list.reduce((t, e) => {
    const i = e.at % (t.length + 1)
    return t.slice(0, i) + e.insert + t.slice(i + e.remove)
  }, text)

function refusesInWords(run: () => unknown, ...codes: ErrorCode[]): void {
  try {
    run()
  } catch (e) {
    if (!isShoalError(e, ...codes)) throw e
    expect(e.message).not.to.match(/\bat .*\.(ts|js):|node_modules|ZodError/)
    expect(e.next, e.message).to.be.a('string')
  }
}

describe('job files and configuration with any mistake', () => {
  it('an altered job file is a job or a refusal in words', () => {
    fc.assert(
      fc.property(edits, list =>
        refusesInWords(() => parseJobFile(altered(JOB, list), 'job.yaml'), 'JOB_FILE_INVALID')
      ),
      { numRuns: 400 }
    )
  })

  it('any text is a job or a refusal in words', () => {
    const text = fc.array(
      fc.oneof(fc.constantFrom(...pieces, 'name', 'task', 'module', 'a'), fc.string({ maxLength: 8 })),
      { maxLength: 30 }
    )
    fc.assert(
      fc.property(text, parts =>
        refusesInWords(() => parseJobFile(parts.join(''), 'job.yaml'), 'JOB_FILE_INVALID')
      ),
      { numRuns: 150 }
    )
  })

  it('any value of any flag is a job or a refusal in words', () => {
    const flag = fc.constantFrom(
      'name',
      'count',
      'price.max',
      'limits.wall',
      'limits.gas',
      'inputs',
      'task.args',
      'a.b.c',
      '__proto__.x',
      'name.x'
    )
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.dictionary(fc.string(), fc.string()),
      fc.array(fc.string())
    )
    fc.assert(
      fc.property(flag, value, (key, v) => {
        refusesInWords(() => parseJobFile(JOB, 'job.yaml', { [key]: v }), 'JOB_FILE_INVALID', 'USAGE')
        expect(Object.keys(Object.prototype)).to.deep.equal([])
        expect(({} as { x?: unknown }).x).to.equal(undefined)
      }),
      { numRuns: 150 }
    )
  })

  it('an altered configuration is one or a refusal in words', () => {
    fc.assert(
      fc.property(edits, list =>
        refusesInWords(
          () => loadConfig({ text: altered(CONFIG, list), path: 'config.yaml' }, {}),
          'CONFIG_INVALID'
        )
      ),
      { numRuns: 250 }
    )
  })
})
