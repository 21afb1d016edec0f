/** The operator key: signs typed data and transactions. The secret stays inside this closure. */
import { SigningKey } from 'ethers/crypto'
import { TypedDataEncoder } from 'ethers/hash'
import { computeAddress, Transaction, type TransactionLike } from 'ethers/transaction'
import type { TypedDomain } from '../../protocol/eip712.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, Hex32, HexBytes } from '../../protocol/ids.ts'
import type { OperatorKey } from '../../protocol/ports/keys.ts'
import { typedDigest } from './typed.ts'

/** An EIP-2612 approval to sign. */
export interface PermitToSign {
  readonly token: Address
  readonly chainId: bigint
  readonly spender: Address
  readonly value: bigint
  readonly nonce: bigint
  /** Seconds since 1970. */
  readonly deadline: bigint
}

/** A split signature, as `permit` takes it. */
export interface SplitSignature {
  readonly v: number
  readonly r: Hex32
  readonly s: Hex32
}

/** An operator key that can also pay for its own transactions. */
export interface TransactionKey {
  readonly address: Address
  /** The raw signed transaction and its hash. */
  signTransaction(tx: TransactionLike): { readonly raw: HexBytes; readonly hash: Hex32 }
  signPermit(permit: PermitToSign): SplitSignature
}

export type OperatorSigner = OperatorKey & TransactionKey

const permitFields = [
  { name: 'owner', type: 'address' },
  { name: 'spender', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint256' }
]

function keyOf(secret: Uint8Array): SigningKey {
  if (secret.byteLength !== 32) throw new ShoalError('CONFIG_INVALID', 'an operator secret has 32 bytes')
  return new SigningKey(secret)
}

/** The address that belongs to a 32-byte secret. CONFIG_INVALID when it has another length. */
export const operatorAddress = (secret: Uint8Array): Address => computeAddress(keyOf(secret)) as Address

/** A key for transactions only: needs no network domain (deployment, tests). */
export function createTransactionKey(secret: Uint8Array): TransactionKey {
  const key = keyOf(secret)
  const address = computeAddress(key) as Address
  return {
    address,
    signTransaction: like => {
      const tx = Transaction.from(like)
      tx.signature = key.sign(tx.unsignedHash)
      return { raw: tx.serialized as HexBytes, hash: tx.hash as Hex32 }
    },
    signPermit: p => {
      const domain = { name: 'Shoal', version: '1', chainId: p.chainId, verifyingContract: p.token }
      const value = {
        owner: address,
        spender: p.spender,
        value: p.value,
        nonce: p.nonce,
        deadline: p.deadline
      }
      const signature = key.sign(TypedDataEncoder.hash(domain, { Permit: permitFields }, value))
      return { v: signature.v, r: signature.r as Hex32, s: signature.s as Hex32 }
    }
  }
}

/** The operator key of a network from its 32-byte secret. */
export function createOperatorKey(secret: Uint8Array, domain: TypedDomain): OperatorSigner {
  const key = keyOf(secret)
  return {
    ...createTransactionKey(secret),
    sign: async (name, value) => key.sign(typedDigest(domain, name, value)).serialized as HexBytes
  }
}
