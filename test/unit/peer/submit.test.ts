/** What stands between a job and its first coin: said before anything is sealed, signed or sent. */
import { expect } from 'chai'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { Requester } from '../../../src/peer/requester/requester.ts'
import { isShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'

const TOKEN = 10n ** 18n
const JOB = parseJobFile('name: a\ntask: { module: a.wasm }\ncount: 4\nprice: { max: 8 }\n', 'job.yaml')

/** Everything behind the checks is missing: whoever gets there fails with a TypeError. */
async function refused(free: bigint, changes: { readonly generation?: 1 | 2; readonly bond?: bigint } = {}) {
  const { generation = 2, bond = TOKEN / 100n } = changes
  const ctx = {
    settlement: { generation, account: async () => ({ free, wallet: 0n }) },
    config: { provider: { bond } }
  } as unknown as PeerContext
  const e: unknown = await new Requester(ctx)
    .submit(JOB, { folder: '/', out: '/out' })
    .catch((e: unknown) => e)
  if (e instanceof TypeError) return undefined
  if (!isShoalError(e)) throw e
  return { code: e.code, ...e.data } as { readonly code: ErrorCode; readonly [fact: string]: unknown }
}

describe('a job is refused at once', () => {
  it('when its cap is there, and not what its escrows reserve for disputes', async () => {
    // four executions of two tokens, each with a tenth for its dispute
    expect(await refused(8n * TOKEN)).to.include({
      code: 'FUNDS_LOW',
      needed: (88n * TOKEN) / 10n,
      reserve: (8n * TOKEN) / 10n
    })
    expect(await refused((88n * TOKEN) / 10n - 1n)).to.include({ code: 'FUNDS_LOW' })
    expect(await refused((88n * TOKEN) / 10n)).to.equal(undefined)
  })

  it('when the bonds that its providers give are more than a tenth, by those', async () => {
    expect(await refused(11n * TOKEN, { bond: TOKEN })).to.include({ code: 'FUNDS_LOW', needed: 12n * TOKEN })
    expect(await refused(12n * TOKEN, { bond: TOKEN })).to.equal(undefined)
  })

  it('when the contracts of its network are of an older generation, whatever there is in the vault', async () => {
    expect(await refused(10n ** 30n, { generation: 1 })).to.include({ code: 'CHAIN_OLD_GENERATION' })
  })
})
