/** One number for each limit, and what is within all of them travels. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { bundleFromMap, largestBundle, PATH_LIMITS } from '../../../src/protocol/bundle.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { SPEC_MAX } from '../../../src/protocol/limits.ts'
import {
  ARGUMENT_BYTES_MAX,
  ARGUMENT_MAX,
  ARGUMENTS_MAX,
  argumentBytes,
  beyondLimits,
  CHECKPOINT_MAX,
  GAS_MAX,
  INPUT_MAX,
  LOG_MAX,
  MODULE_MAX,
  OUTPUT_MAX,
  VARIABLE_NAME_MAX,
  VARIABLES_MAX,
  WALL_MAX
} from '../../../src/protocol/task-limits.ts'
import * as taskLimits from '../../../src/protocol/task-limits.ts'
import { limitRows, limitsPage } from '../../../src/protocol/limits-table.ts'
import { offerObjection, type Terms } from '../../../src/peer/provider/agreements.ts'
import { common, needs, object, offer, ARBITER, addressOf, provider } from '../../support/records.ts'

describe('limits of a task', () => {
  it('are in the documents as the program holds them (npm run docs:limits)', () => {
    const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
    expect(page).to.equal(limitsPage())
    for (const text of [
      '| shards | 1024 |',
      '| input of one shard | 4 GiB |',
      '| time of one task (limits.wall) | 20 days |'
    ])
      expect(page).to.contain(text)
  })

  it('are all in the table: none is left out', () => {
    const all = Object.entries(taskLimits).filter(([name]) => /^[A-Z_]+_MAX$|^LOG_LINE/.test(name))
    const rows = limitRows.length
    // modules and files of results have a row for each kind; paths and shards come from other files
    const [modules, files, others] = [Object.keys(taskLimits.MODULE_MAX).length - 1, 1, 6]
    expect(rows).to.equal(all.length + modules + files + others)
    expect(new Set(limitRows.map(r => r.id)).size).to.equal(rows)
  })

  it('arguments and variables up to their limit fit the sealed spec, whatever their number and script', () => {
    const env = Object.fromEntries(
      Array.from({ length: VARIABLES_MAX }, (_, i) => [`V${i}`.padEnd(VARIABLE_NAME_MAX, '_'), ''])
    )
    const room = ARGUMENT_BYTES_MAX - argumentBytes([], env)
    const letters = (n: number): string => '字'.repeat(Math.floor(n / 3)) + 'x'.repeat(n % 3)
    const each = Math.floor(room / ARGUMENTS_MAX) - 1
    const many = Array.from({ length: ARGUMENTS_MAX }, () => letters(each))
    const few = Array.from({ length: Math.floor(ARGUMENT_BYTES_MAX / (ARGUMENT_MAX + 1)) }, () =>
      'x'.repeat(ARGUMENT_MAX)
    )
    for (const [args, variables] of [[many, env] as const, [few, {}] as const]) {
      expect(argumentBytes(args, variables)).to.be.within(ARGUMENT_BYTES_MAX - 4_096, ARGUMENT_BYTES_MAX)
      const bytes = encode({
        v: 1,
        common: { ...common, args, env: variables, name: 'n'.repeat(64) },
        ...{ shard: 1, module: object, input: object }
      })
      expect(bytes.byteLength).to.be.below(SPEC_MAX)
    }
  })

  it('bytes are counted, not characters: é has two', () => {
    expect(argumentBytes(['é', 'ab'], { A: '字' })).to.equal(3 + 3 + 'A=字'.length + 2 + 1)
  })

  it('the largest bundle is counted to the byte', () => {
    const folders = ['d', 'e', 'f', 'g'].map(c => c.repeat(200)).join('/')
    const path = (i: number): string => `${folders}/${i}`.padEnd(PATH_LIMITS.bytes, 'x')
    const files = new Map([0, 1, 2].map(i => [path(i), new Uint8Array(10)]))
    expect([...files.keys()].every(p => p.length === PATH_LIMITS.bytes)).to.equal(true)
    expect(bundleFromMap(files).byteLength).to.equal(largestBundle({ maxFiles: 3, maxBytes: 30 }))
  })

  it('a provider takes no offer that needs more than any job file may ask for, and names term, limit and value', async () => {
    const terms: Terms = {
      ...{ me: addressOf('x'), beneficiary: provider.operator.address, arbiters: [ARBITER] },
      ...{ bondMax: 10n ** 30n, bondLeast: 0n, inclusionMs: 1_000, now: 0n }
    }
    const body = await offer()
    expect(offerObjection(body, terms)).to.equal(undefined)
    const most = {
      ...{ gas: GAS_MAX, inputBytes: INPUT_MAX, logBytes: LOG_MAX, outputBytes: OUTPUT_MAX },
      ...{ moduleBytes: MODULE_MAX.wasm, wallMs: WALL_MAX }
    }
    expect(beyondLimits({ ...needs, ...most })).to.equal(undefined)
    for (const [term, limit] of Object.entries(most)) {
      const given = typeof limit === 'bigint' ? limit + 1n : limit + 1
      const refusal = offerObjection({ ...body, needs: { ...needs, [term]: given } }, terms)
      expect(refusal).to.include({
        code: 'TERMS_REFUSED',
        term: `needs.${term}`,
        offered: String(limit),
        given: String(given)
      })
    }
    expect(CHECKPOINT_MAX).to.be.below(OUTPUT_MAX)
  })
})
