/** The parameters of one network: as a file, as a short name, and against the chain. */
import { sha256 } from '@noble/hashes/sha2.js'
import { z } from 'zod'
import { check } from '../protocol/codec.ts'
import { ShoalError } from '../protocol/errors.ts'
import { address, bps, multiaddress, uint } from '../protocol/fields.ts'
import { ADDRESSES_MAX } from '../protocol/limits.ts'
import type { NetworkParameters } from '../protocol/ports/settlement.ts'

const schema = z.strictObject({
  chainId: z
    .string()
    .regex(/^[1-9][0-9]{0,19}$/, 'a chain id in decimal')
    .transform(s => BigInt(s)),
  token: address,
  vault: address,
  escrow: address,
  registry: address,
  arbiter: address,
  feeBps: bps,
  fromBlock: uint(),
  bootstrap: z.array(multiaddress).max(ADDRESSES_MAX).optional(),
  confirmations: uint(1_000).optional()
})

/** Network parameters as JSON text, for people and files. */
export const formatNetwork = (n: NetworkParameters): string =>
  JSON.stringify({ ...n, chainId: n.chainId.toString() }, null, 2) + '\n'

/** JSON text (or a parsed object) to parameters. CONFIG_INVALID says what is wrong. */
export function loadNetwork(source: string | object): NetworkParameters {
  try {
    return check(schema, typeof source === 'string' ? (JSON.parse(source) as unknown) : source, 'network')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    const reason = said.replace(
      /Invalid input: expected (\w+), received undefined/,
      'is missing, expected $1'
    )
    throw new ShoalError('CONFIG_INVALID', `network file: ${reason}`, {
      next: 'Copy network.json again from whoever runs the chain.',
      cause
    })
  }
}

/**
 * The network's short name: 12 lower-case hex digits over chain id and contract addresses. It stands in protocol ids, so peers
 * of different deployments never talk past one another.
 */
export function networkDigest(n: NetworkParameters): string {
  const text = [n.chainId, n.token, n.vault, n.escrow, n.registry].join('|').toLowerCase()
  return Buffer.from(sha256(new TextEncoder().encode(text)))
    .toString('hex')
    .slice(0, 12)
}
