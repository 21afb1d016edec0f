/** EIP-712 under the domain of one network. Light: no RPC, no contract ABI. */
import { TypedDataEncoder } from 'ethers/hash'
import { recoverAddress } from 'ethers/transaction'
import {
  typedData,
  type TypedDomain,
  type TypedField,
  type TypedName,
  type TypedValues
} from '../../protocol/eip712.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, Hex32, HexBytes } from '../../protocol/ids.ts'
import type { TypedDataVerifier } from '../../protocol/ports/keys.ts'
import type { NetworkParameters } from '../../protocol/ports/settlement.ts'

/** The signing domain of a network: its escrow verifies. */
export const domainOf = (network: Pick<NetworkParameters, 'chainId' | 'escrow'>): TypedDomain => ({
  name: 'Shoal',
  version: '1',
  chainId: network.chainId,
  verifyingContract: network.escrow
})

const encoders = new Map<TypedName, TypedDataEncoder>()

/** One encoder for each struct: building one parses the type, which is slow. */
function encoderOf(name: TypedName): TypedDataEncoder {
  const known = encoders.get(name)
  if (known !== undefined) return known
  const fields: readonly TypedField[] = typedData[name]
  const made = TypedDataEncoder.from({ [name]: fields.map(f => ({ ...f })) })
  encoders.set(name, made)
  return made
}

/** The type string of a struct, as the contract hashes it. */
export const typeString = (name: TypedName): string => encoderOf(name).encodeType(name)

/**
 * The EIP-712 digest. For an Agreement it is the AgreementId. RECORD_INVALID when a member does not fit its type: an address with
 * a wrong checksum, a time beyond uint64; a stranger's record can hold them.
 */
export function typedDigest<N extends TypedName>(domain: TypedDomain, name: N, value: TypedValues[N]): Hex32 {
  const fields: readonly TypedField[] = typedData[name]
  try {
    return TypedDataEncoder.hash(
      domain,
      { [name]: fields.map(f => ({ ...f })) },
      value as object as Record<string, unknown>
    ) as Hex32
  } catch (cause) {
    throw new ShoalError('RECORD_INVALID', `${name}: a member does not fit its type`, { cause })
  }
}

/** Checks typed data under `domain`: digests, and who signed. Contract wallets (EIP-1271) are checked by the contracts only. */
export function typedDataVerifier(domain: TypedDomain): TypedDataVerifier {
  return {
    digest: (name, value) => typedDigest(domain, name, value),
    signer: (name, value, signature: HexBytes): Address | undefined => {
      if (!/^0x[0-9a-f]{130}$/.test(signature)) return undefined
      const digest = typedDigest(domain, name, value)
      try {
        return recoverAddress(digest, signature) as Address
      } catch {
        return undefined // a malformed signature (r, s or v out of range) has no signer
      }
    }
  }
}
