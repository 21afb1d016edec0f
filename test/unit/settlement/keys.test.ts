import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { Address, HexBytes } from '../../../src/protocol/ids.ts'
import { createOperatorKey, operatorAddress } from '../../../src/settlement/keys/operator.ts'
import { domainOf, typedDataVerifier } from '../../../src/settlement/keys/typed.ts'
import { formatNetwork, loadNetwork, networkDigest } from '../../../src/settlement/network.ts'
import { hex32, random } from '../../integration/settlement/support.ts'

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}` as Address
const network = {
  chainId: 31337n,
  token: address(1),
  vault: address(2),
  escrow: address(3),
  registry: address(4),
  arbiter: address(5),
  feeBps: 100,
  fromBlock: 7
}

describe('operator keys', () => {
  const domain = domainOf(network)
  const receipt = { agreement: hex32(), sequence: 1, digest: hex32(), amount: 5n }

  it('sign typed data so that the verifier names the signer', async () => {
    const key = createOperatorKey(random.bytes(32), domain)
    const signature = await key.sign('Receipt', receipt)
    expect(signature).to.match(/^0x[0-9a-f]{130}$/)
    expect(typedDataVerifier(domain).signer('Receipt', receipt, signature)).to.equal(key.address)
  })

  it('a signature of another network, value or struct has another signer', async () => {
    const key = createOperatorKey(random.bytes(32), domain)
    const signature = await key.sign('Receipt', receipt)
    const verifier = typedDataVerifier(domain)
    const foreign = typedDataVerifier({ ...domain, chainId: 1n })
    expect(foreign.signer('Receipt', receipt, signature)).not.to.equal(key.address)
    expect(verifier.signer('Receipt', { ...receipt, amount: 6n }, signature)).not.to.equal(key.address)
    const release = { agreement: receipt.agreement, amount: receipt.amount }
    expect(verifier.signer('Release', release, signature)).not.to.equal(key.address)
  })

  it('a signature under another escrow on the same chain has another signer: a second deployment opens nothing', async () => {
    const key = createOperatorKey(random.bytes(32), domain)
    const signature = await key.sign('Receipt', receipt)
    const second = typedDataVerifier(domainOf({ ...network, escrow: address(9) }))
    expect(second.signer('Receipt', receipt, signature)).not.to.equal(key.address)
    const other = typedDataVerifier(domainOf({ ...network, chainId: 1n }))
    expect(other.signer('Receipt', receipt, signature)).not.to.equal(key.address)
  })

  it('malformed signatures have no signer', () => {
    const verifier = typedDataVerifier(domain)
    for (const bad of [
      '0x',
      '0x' + '00'.repeat(65),
      '0x' + 'ff'.repeat(65),
      '0x' + '11'.repeat(64),
      'text',
      '0x' + 'ZZ'.repeat(65)
    ]) {
      expect(verifier.signer('Receipt', receipt, bad as HexBytes), bad).to.equal(undefined)
    }
  })

  it('need a secret of 32 bytes', () => {
    for (const n of [0, 31, 33]) {
      try {
        operatorAddress(new Uint8Array(n))
        expect.fail('accepted')
      } catch (e) {
        expect(isShoalError(e, 'CONFIG_INVALID'), String(n)).to.equal(true)
      }
    }
  })

  it('load without providers, ABI coder and RPC', () => {
    const script =
      "import { registerHooks } from 'node:module'; const urls = [];" +
      'registerHooks({ resolve: (s, c, next) => { const r = next(s, c); urls.push(r.url); return r } });' +
      "await import('./src/settlement/keys/operator.ts'); await import('./src/settlement/network.ts');" +
      'console.log(JSON.stringify(urls))'
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('../../..', import.meta.url),
      encoding: 'utf8'
    })
    expect(run.status, run.stderr).to.equal(0)
    const urls = JSON.parse(run.stdout) as string[]
    expect(urls.some(u => u.endsWith('/keys/typed.ts'))).to.equal(true)
    expect(
      urls.filter(u => /ethers\/.*\/(providers|contract)\/|settlement\/(rpc|contracts|chain)/.test(u))
    ).to.deep.equal([])
  })
})

describe('network parameters', () => {
  it('survive being written and read', () => {
    expect(loadNetwork(formatNetwork(network))).to.deep.equal(network)
  })

  it('that are damaged are refused with the field', () => {
    const good = JSON.parse(formatNetwork(network)) as Record<string, unknown>
    const bad = [
      '{',
      '[]',
      JSON.stringify({ ...good, chainId: 5 }),
      JSON.stringify({ ...good, escrow: '0x12' }),
      JSON.stringify({ ...good, extra: 1 }),
      JSON.stringify({ ...good, feeBps: 10_001 })
    ]
    for (const text of bad) {
      try {
        loadNetwork(text)
        expect.fail(text)
      } catch (e) {
        expect(isShoalError(e, 'CONFIG_INVALID'), text).to.equal(true)
      }
    }
  })

  it('have a short stable name that differs by chain and contracts, not by arbiter', () => {
    expect(networkDigest(network)).to.match(/^[0-9a-f]{12}$/)
    expect(networkDigest({ ...network, arbiter: address(9) })).to.equal(networkDigest(network))
    expect(networkDigest({ ...network, chainId: 1n })).not.to.equal(networkDigest(network))
    expect(networkDigest({ ...network, escrow: address(9) })).not.to.equal(networkDigest(network))
  })
})
