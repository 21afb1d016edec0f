/**
 * The peer's three secrets at rest: one JSON file, encrypted with a key derived from the passphrase (scrypt, RFC 7914) by
 * AES-256-GCM. N = 2^17 takes about a second and 128 MiB (the cost of ethers' keystore); tests and devnets use less.
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto'
import { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import type { Random } from '../../protocol/ports/random.ts'

/** 32 bytes each. */
export interface Secrets {
  /** Ed25519 seed of the network identity. */
  readonly identity: Uint8Array
  /** secp256k1 private key of the operator. */
  readonly operator: Uint8Array
  /** X25519 seed of the key that receives sealed content. */
  readonly recipient: Uint8Array
}

export const KDF_COST = 2 ** 17
const PASSPHRASE_MAX = 1024

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))
const keyFile = z.strictObject({
  version: z.literal(1),
  peer: z.string(),
  operator: z.string(),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z
      .number()
      .int()
      .min(2)
      .max(2 ** 20)
      .refine(n => Number.isInteger(Math.log2(n)), 'a power of two'),
    r: z.literal(8),
    p: z.literal(1),
    salt: hex(32)
  }),
  cipher: z.strictObject({ name: z.literal('aes-256-gcm'), iv: hex(12), tag: hex(16), data: hex(96) })
})
export type KeyFile = z.output<typeof keyFile>

async function deriveKey(passphrase: string, salt: Uint8Array, N: number): Promise<Buffer> {
  const secret = passphrase.normalize('NFKC')
  if (secret === '' || secret.length > PASSPHRASE_MAX) {
    throw new ShoalError('PASSPHRASE_MISSING', `a passphrase has 1 to ${PASSPHRASE_MAX} characters`, {
      next: 'Check SHOAL_PASSPHRASE, or the first line of the passphrase file.'
    })
  }
  return await new Promise((resolve, reject) =>
    scrypt(secret, salt, 32, { N, r: 8, p: 1, maxmem: 256 * N * 8 + 1024 * 1024 }, (e, key) =>
      e === null ? resolve(key) : reject(e)
    )
  )
}

export async function sealSecrets(
  secrets: Secrets,
  names: { peer: string; operator: string },
  passphrase: string,
  random: Random,
  cost = KDF_COST
): Promise<KeyFile> {
  const salt = random.bytes(32)
  const iv = random.bytes(12)
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(passphrase, salt, cost), iv)
  cipher.setAAD(Buffer.from(`${names.peer} ${names.operator}`))
  const data = Buffer.concat([
    cipher.update(secrets.identity),
    cipher.update(secrets.operator),
    cipher.update(secrets.recipient),
    cipher.final()
  ])
  const text = (b: Uint8Array) => Buffer.from(b).toString('hex')
  return {
    version: 1,
    ...names,
    kdf: { name: 'scrypt', N: cost, r: 8, p: 1, salt: text(salt) },
    cipher: { name: 'aes-256-gcm', iv: text(iv), tag: text(cipher.getAuthTag()), data: text(data) }
  }
}

/** Reads the file's public part; CONFIG_INVALID when it is no key file. */
export function parseKeyFile(text: string, path: string): KeyFile {
  try {
    return keyFile.parse(JSON.parse(text))
  } catch (cause) {
    throw new ShoalError('CONFIG_INVALID', `${path} is not a Shoal key file`, {
      next: 'Restore it from a backup; without it the funds cannot be moved.',
      cause
    })
  }
}

/** PASSPHRASE_WRONG when it does not open (or the file was altered). */
export async function openSecrets(file: KeyFile, passphrase: string): Promise<Secrets> {
  const bytes = (s: string) => Buffer.from(s, 'hex')
  const key = await deriveKey(passphrase, bytes(file.kdf.salt), file.kdf.N)
  const decipher = createDecipheriv('aes-256-gcm', key, bytes(file.cipher.iv))
  decipher.setAAD(Buffer.from(`${file.peer} ${file.operator}`))
  decipher.setAuthTag(bytes(file.cipher.tag))
  try {
    const plain = Buffer.concat([decipher.update(bytes(file.cipher.data)), decipher.final()])
    const part = (i: number) => new Uint8Array(plain.subarray(i * 32, i * 32 + 32))
    return { identity: part(0), operator: part(1), recipient: part(2) }
  } catch {
    // GCM's tag check is the only thing that fails here
    throw new ShoalError('PASSPHRASE_WRONG', 'the passphrase does not open the keys', {
      next: 'Try again, or check SHOAL_PASSPHRASE, SHOAL_PASSPHRASE_FILE and --passphrase-file.'
    })
  }
}
