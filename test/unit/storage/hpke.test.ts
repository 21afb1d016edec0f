import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { createRecipientKey, wrapKey } from '../../../src/storage/hpke.ts'

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const context = new TextEncoder().encode('job 1')
const key = seed(9)
const corrupt = (p: Promise<unknown>): Promise<boolean> =>
  p.then(
    () => false,
    (e: unknown) => isShoalError(e, 'CONTENT_CORRUPT')
  )

describe('wrapped keys', () => {
  it('open for their recipient only, and take 80 bytes', async () => {
    const [alice, bob] = await Promise.all([createRecipientKey(seed(1)), createRecipientKey(seed(2))])
    const wrapped = await wrapKey(key, alice.publicKey, context)
    expect(wrapped.length).to.equal(80)
    expect(await alice.unwrap(wrapped, context)).to.deep.equal(key)
    expect(await corrupt(bob.unwrap(wrapped, context))).to.equal(true)
  })

  it('equal seeds give equal keys, so a restarted peer opens what was wrapped before', async () => {
    const before = await createRecipientKey(seed(1))
    const after = await createRecipientKey(seed(1))
    expect(after.publicKey).to.deep.equal(before.publicKey)
    expect(await after.unwrap(await wrapKey(key, before.publicKey, context), context)).to.deep.equal(key)
  })

  it('another context, a flipped bit, a cut and garbage do not open', async () => {
    const alice = await createRecipientKey(seed(1))
    const wrapped = await wrapKey(key, alice.publicKey, context)
    expect(await corrupt(alice.unwrap(wrapped, key))).to.equal(true)
    for (const at of [0, 31, 32, 79]) {
      const altered = wrapped.slice()
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(await corrupt(alice.unwrap(altered, context)), `byte ${at}`).to.equal(true)
    }
    for (const bad of [wrapped.subarray(0, 79), new Uint8Array(0), new Uint8Array(48), new Uint8Array(80)]) {
      expect(await corrupt(alice.unwrap(bad, context))).to.equal(true)
    }
  })

  it('two wraps of one key differ', async () => {
    const alice = await createRecipientKey(seed(1))
    const wraps = await Promise.all([1, 2].map(() => wrapKey(key, alice.publicKey, context)))
    expect(wraps[0]).to.not.deep.equal(wraps[1])
  })

  it('a recipient or seed of another size is refused', async () => {
    const wrap = await wrapKey(key, new Uint8Array(31), context).catch((e: unknown) => e)
    expect(isShoalError(wrap, 'RECORD_INVALID')).to.equal(true)
    const made = await createRecipientKey(new Uint8Array(31)).catch((e: unknown) => e)
    expect(isShoalError(made, 'CONFIG_INVALID')).to.equal(true)
  })
})
