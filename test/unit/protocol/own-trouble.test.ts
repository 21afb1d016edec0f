/** Whose trouble an error is: only that of this machine excuses others. */
import { expect } from 'chai'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { failureOf, ownTrouble, troubleOf } from '../../../src/protocol/own-trouble.ts'

const system = (code: string): Error => Object.assign(new Error('x'), { code })
const behind = (cause: unknown): ShoalError => new ShoalError('PEER_UNREACHABLE', 'no', { cause })

describe('an error', () => {
  it('of our disk, descriptors, memory, journal or way to the chain is our own, however deep it lies', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'])
      for (const e of [system(code), behind(behind(system(code)))])
        expect(ownTrouble(e), code).to.be.a('string')
    for (const code of ['DISK_FULL', 'DISK_ERROR', 'JOURNAL_CORRUPT', 'CHAIN_UNREACHABLE'] as const)
      expect(ownTrouble(behind(new ShoalError(code, 'x'))), code).to.be.a('string')
  })

  it('that another peer tells of itself is not ours', () => {
    const told = new ShoalError('DISK_FULL', 'full', { data: { remote: true } })
    expect([ownTrouble(told), ownTrouble(behind(told)), troubleOf(told)]).to.deep.equal([
      ...[undefined, undefined, undefined]
    ])
  })

  it('of an address that leads nowhere explains a silence, and excuses nobody who names such addresses', () => {
    for (const code of ['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL']) {
      expect(troubleOf(behind(system(code))), code).to.be.a('string')
      expect(ownTrouble(behind(system(code))), code).to.equal(undefined)
    }
  })

  it('that is none of ours stays what it was', () => {
    for (const e of [system('ECONNREFUSED'), new ShoalError('CHAIN_REVERTED', 'x'), 'text', undefined])
      expect(ownTrouble(e)).to.equal(undefined)
  })

  it('is kept as a failure that counts against nobody when it was our own', () => {
    expect(failureOf(behind(system('ECONNREFUSED')), 'START_TIMEOUT')).to.deep.equal({
      code: 'START_TIMEOUT',
      message: 'no'
    })
    const own = failureOf(behind(system('EMFILE')), 'START_TIMEOUT')
    expect(own.code).to.equal('OWN_TROUBLE')
    expect(own.message).to.contain('too many open files on this machine')
  })
})
