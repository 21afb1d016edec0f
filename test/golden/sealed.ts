/** Sealed content (deterministic under a fixed nonce) and keys wrapped by HPKE (random: made once, then kept and only opened). */
import { collectBytes } from '../../src/protocol/byte-source.ts'
import { bundleFromMap, oneChunk } from '../../src/protocol/bundle.ts'
import { fromHex, toHex } from '../../src/protocol/codec.ts'
import { createRecipientKey, wrapKey } from '../../src/storage/hpke.ts'
import { sealStream } from '../../src/storage/seal.ts'
import { filled } from '../support/records.ts'

export interface SealedVector {
  readonly key: string
  readonly context: string
  readonly plain: string
  readonly sealed: string
}
export interface WrappedVector {
  /** Seed of the recipient's X25519 key. */
  readonly seed: string
  readonly recipient: string
  readonly context: string
  readonly key: string
  readonly wrapped: string
}
export interface Sealed {
  readonly bundle: { readonly files: Record<string, string>; readonly bytes: string }
  readonly sealed: Record<string, SealedVector>
  readonly wrapped: WrappedVector
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s)

async function seal(plain: Uint8Array): Promise<SealedVector> {
  const [key, context] = [filled(3), filled(4)]
  const random = { bytes: (n: number) => filled(5, n), fraction: () => 0 }
  const sealed = await collectBytes(sealStream(oneChunk(plain), key, context, random), 1 << 20)
  return { key: toHex(key), context: toHex(context), plain: toHex(plain), sealed: toHex(sealed) }
}

/** Keeps a wrapped key that still opens. */
async function wrap(old: WrappedVector | undefined): Promise<WrappedVector> {
  const [seed, context, key] = [filled(6), filled(4), filled(3)]
  const recipient = await createRecipientKey(seed)
  const opened = await (old === undefined
    ? undefined
    : recipient.unwrap(fromHex(old.wrapped), context).catch(() => undefined))
  const wrapped =
    old !== undefined && opened !== undefined && toHex(opened) === toHex(key)
      ? old.wrapped
      : toHex(await wrapKey(key, recipient.publicKey, context))
  return {
    seed: toHex(seed),
    recipient: toHex(recipient.publicKey),
    context: toHex(context),
    key: toHex(key),
    wrapped
  }
}

export async function sealed(old: Sealed | undefined): Promise<Sealed> {
  const files = { 'a.txt': text('hello\n'), 'dir/é': text('☃'), 'dir/none': new Uint8Array(0) }
  return {
    bundle: {
      files: Object.fromEntries(Object.entries(files).map(([k, v]) => [k, toHex(v)])),
      bytes: toHex(bundleFromMap(new Map(Object.entries(files))))
    },
    sealed: { nothing: await seal(new Uint8Array(0)), 'a line': await seal(text('some content\n')) },
    wrapped: await wrap(old?.wrapped)
  }
}
