/** Answers of a node that are no answers of our contracts, though they look like them (found by the fuzzer). */
import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { decodeResult, interfaceOf } from '../../../src/settlement/contracts.ts'
import { chainError } from '../../../src/settlement/revert.ts'
import { addressOf } from '../../support/records.ts'

const owner = addressOf('owner')
/** The first word, which is an address, with something before it. */
const dirty = (data: string, from: number): string => data.slice(0, from) + 'ff' + data.slice(from + 2)

describe('an answer with dirty bytes', () => {
  it('is no guard and no entry of the registry', () => {
    const guard = interfaceOf('Vault').encodeFunctionResult('guardOf', [[owner, 5n, 4n]])
    const peer = interfaceOf('Registry').encodeFunctionResult('peerOf', [['0x' + '11'.repeat(32), owner]])
    for (const [contract, method, data] of [
      ['Vault', 'guardOf', dirty(guard, 2)],
      ['Registry', 'peerOf', dirty(peer, 66)]
    ] as const)
      try {
        decodeResult(contract, method, data)
        expect.fail(`${method} was believed`)
      } catch (e) {
        if (!isShoalError(e, 'CHAIN_WRONG_NETWORK')) throw e
      }
  })

  it('names no error of ours', () => {
    const call = { contract: 'Vault', method: 'lock' } as const
    const said = (data: string) => chainError(call, { message: 'reverted', data })
    const lack = interfaceOf('Vault').encodeErrorResult('FundsLow', [owner, 1n, 2n])
    expect(said(lack).code).to.equal('FUNDS_LOW')
    expect(said(dirty(lack, 10))).to.include({ code: 'CHAIN_REVERTED' })
    expect(said(dirty(lack, 10)).data).to.include({ error: 'unknown' })
  })

  it('a withdrawal above the limit is named as such, with what is left', () => {
    const above = interfaceOf('Vault').encodeErrorResult('AboveLimit', [owner, 5n, 4n])
    const e = chainError({ contract: 'Vault', method: 'withdraw' }, { message: 'reverted', data: above })
    expect(e).to.include({ code: 'WITHDRAW_LIMIT' })
    expect(e.data).to.include({ amount: 5n, left: 4n })
    expect(String(e.data['owner']).toLowerCase()).to.equal(owner)
  })
})
