import { createRequire } from 'node:module'
import { expect } from 'chai'
import { id as keccakOfText } from 'ethers/hash'
import { AbiCoder } from 'ethers/abi'
import { keccak256 } from 'ethers/crypto'
import { typedData, type Agreement, type TypedName } from '../../src/protocol/eip712.ts'
import type { Hex32 } from '../../src/protocol/ids.ts'
import type { EmbeddedChain } from '../../src/settlement/chain/embedded.ts'
import { encodeCall, interfaceOf } from '../../src/settlement/contracts.ts'
import { domainOf, typedDigest, typeString } from '../../src/settlement/keys/typed.ts'
import { httpRpc } from '../../src/settlement/rpc/adapters/http-rpc.ts'
import { folderFor, hex32, removeFolder, startChain, stranger } from '../integration/settlement/support.ts'

const agreement = (): Agreement => ({
  jobId: hex32(),
  shard: 7,
  attempt: 3,
  requester: stranger(),
  provider: stranger(),
  beneficiary: stranger(),
  arbiter: stranger(),
  price: 2n ** 127n + 5n,
  bond: 99n,
  specHash: hex32(),
  bidRoot: hex32(),
  openBy: 2n ** 40n,
  deliverBy: 2n ** 41n,
  challengeWindow: 300,
  arbitrationWindow: 900,
  splitBps: 4321,
  salt: hex32()
})

/** EIP-712 struct hash written out by hand: all members are static. */
const structHash = (name: TypedName, value: object): string => {
  const fields: readonly { readonly name: string; readonly type: string }[] = typedData[name]
  const values = fields.map(f => (value as Record<string, unknown>)[f.name])
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', ...fields.map(f => f.type)],
      [keccakOfText(typeString(name)), ...values]
    )
  )
}

describe('typed data is the same in Solidity and TypeScript', () => {
  let folder: string
  let chain: EmbeddedChain
  before(async () => {
    folder = await folderFor()
    chain = await startChain(folder)
  })
  after(async () => {
    await chain.stop()
    await removeFolder(folder)
  })

  const ask = async (method: string, args: readonly unknown[]) => {
    const rpc = httpRpc(chain.rpcUrl)
    try {
      const request = { to: chain.network.escrow, data: encodeCall('Escrow', method, args) }
      const data = await rpc.send({ method: 'eth_call', params: [request, 'latest'] })
      return interfaceOf('Escrow').decodeFunctionResult(method, String(data))
    } finally {
      await rpc.close()
    }
  }

  it('the contract gives the same agreement id for any values', async () => {
    for (let i = 0; i < 5; i++) {
      const a = agreement()
      expect((await ask('idOf', [a]))[0]).to.equal(typedDigest(domainOf(chain.network), 'Agreement', a))
    }
  })

  it('each member counts: changing one changes the id', () => {
    const a = agreement()
    const domain = domainOf(chain.network)
    const id = typedDigest(domain, 'Agreement', a)
    const changed: Partial<Record<keyof Agreement, unknown>> = {}
    for (const { name } of typedData.Agreement) {
      const old = a[name as keyof Agreement]
      if (typeof old === 'bigint') changed[name as keyof Agreement] = old + 1n
      else if (typeof old === 'number') changed[name as keyof Agreement] = old + 1
      else changed[name as keyof Agreement] = old.length === 42 ? stranger() : hex32()
    }
    for (const [name, value] of Object.entries(changed)) {
      expect(typedDigest(domain, 'Agreement', { ...a, [name]: value }), name).not.to.equal(id)
    }
  })

  it('the domain is the one of the contract', async () => {
    const d = await ask('eip712Domain', [])
    const domain = domainOf(chain.network)
    expect([d[1], d[2], d[3], d[4]]).to.deep.equal([
      domain.name,
      domain.version,
      domain.chainId,
      domain.verifyingContract
    ])
  })

  it('the struct members of the ABI are those of the typed data, in order', () => {
    const open = interfaceOf('Escrow').getFunction('open')
    const members = (i: number, f = open): readonly string[] =>
      (f?.inputs[i]?.components ?? []).map(c => `${c.type} ${c.name}`)
    const wanted = (name: TypedName): readonly string[] => typedData[name].map(f => `${f.type} ${f.name}`)
    expect(members(0)).to.deep.equal(wanted('Agreement'))
    expect(members(1, interfaceOf('Escrow').getFunction('acknowledge'))).to.deep.equal(wanted('Receipt'))
    expect(members(1, interfaceOf('Escrow').getFunction('cancel'))).to.deep.equal(wanted('Release'))
  })

  it('the bytecode holds the type hashes that ethers derives', () => {
    const require = createRequire(import.meta.url)
    const { bytecode } = require('../../contracts/artifacts/Escrow.json') as { bytecode: string }
    for (const name of ['Agreement', 'Receipt', 'Release'] as const) {
      expect(bytecode, name).to.include(keccakOfText(typeString(name)).slice(2))
    }
  })

  it('digests are what EIP-712 says, written out by hand', () => {
    const domain = domainOf(chain.network)
    const type = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'
    const separator = keccak256(
      AbiCoder.defaultAbiCoder().encode(
        ['bytes32', 'bytes32', 'bytes32', 'uint256', 'address'],
        [
          keccakOfText(type),
          keccakOfText('Shoal'),
          keccakOfText('1'),
          domain.chainId,
          domain.verifyingContract
        ]
      )
    )
    const receipt = { agreement: hex32(), sequence: 4, digest: hex32(), amount: 77n }
    const byHand = keccak256('0x1901' + separator.slice(2) + structHash('Receipt', receipt).slice(2)) as Hex32
    expect(typedDigest(domain, 'Receipt', receipt)).to.equal(byHand)
    const other = { ...domain, verifyingContract: stranger() }
    expect(typedDigest(other, 'Receipt', receipt)).not.to.equal(byHand)
  })
})
