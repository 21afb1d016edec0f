/** Bugs in sealing and keeping content. */
import { within, type Mutant } from '../mutant.ts'

const seal = ['test/unit/storage/seal.test.ts']
const blocks = ['test/unit/storage/blocks.test.ts']

export const storage: readonly Mutant[] = within('src/storage', [
  {
    id: 'cut-object-opens',
    file: 'seal.ts',
    find: 'nonce[11] = last ? 1 : 0',
    replace: 'nonce[11] = 0',
    means: 'an input that was cut short at a chunk opens as if it were whole',
    tests: seal
  },
  {
    id: 'chunks-change-places',
    file: 'seal.ts',
    find: 'setUint32(PREFIX_BYTES, counter)',
    replace: 'setUint32(PREFIX_BYTES, counter & 0)',
    means: 'chunks of an input can be moved, and a nonce is used again',
    tests: seal
  },
  {
    id: 'context-not-bound',
    file: 'seal.ts',
    find: 'Buffer.concat([LABEL, context])',
    replace: 'Buffer.concat([LABEL])',
    means: "the result of one agreement passes for another's",
    tests: seal
  },
  {
    id: 'empty-chunk-added',
    file: 'seal.ts',
    find: 'if (size < 0 || (size === 0 && counter > 0)) throw corrupt()',
    replace: 'if (size < 0) throw corrupt()',
    means: 'one content has two sealed forms',
    tests: seal
  },
  {
    id: 'one-key-for-all',
    file: 'content-store.ts',
    find: 'const key = random.bytes(KEY_BYTES)',
    replace: 'const key = new Uint8Array(KEY_BYTES).fill(7)',
    means: 'one key for every shard: whoever runs one can read them all',
    tests: ['test/integration/storage/transfer.test.ts']
  },
  {
    id: 'damaged-block-served',
    file: 'blocks.ts',
    find: 'if (bytes === undefined || isBlockOf(cid, bytes)) return bytes',
    replace: 'if (bytes === undefined || bytes.byteLength > 0) return bytes',
    means: 'a block that the disk damaged is served, and never fetched again',
    tests: blocks
  },
  {
    id: 'any-hash-will-do',
    file: 'blocks.ts',
    find: 'if (cid.multihash.code !== SHA2_256) return false',
    replace: 'if (cid.multihash.code !== SHA2_256) return true',
    means: 'content under an identity hash is taken unchecked',
    tests: blocks
  },
  {
    id: 'sweep-takes-what-is-read',
    file: 'blocks.ts',
    find: '|| touched.has(name)) continue',
    replace: ') continue',
    means: 'housekeeping removes blocks while they are being sent',
    tests: blocks
  },
  {
    id: 'store-limit-by-block',
    file: 'blocks.ts',
    find: 'if (this.#bytes + bytes.byteLength > this.#max) {',
    replace: 'if (bytes.byteLength > this.#max) {',
    means: 'the content store fills the whole disk',
    tests: blocks
  },
  {
    id: 'inner-blocks-unpinned',
    file: 'pins.ts',
    find: '      else await this.#walk(Hash, blocks, names)\n',
    replace: '',
    means: 'large inputs lose their blocks at the next housekeeping',
    tests: ['test/unit/storage/pins.test.ts']
  },
  {
    id: 'keep-only-the-wrong',
    file: 'pins.ts',
    find: 'if (!cids.has(key.slice(PREFIX.length) as CidString))',
    replace: 'if (cids.has(key.slice(PREFIX.length) as CidString))',
    means: 'a restart lets go of exactly what live jobs need',
    tests: ['test/unit/storage/pins.test.ts']
  },
  {
    id: 'wrapped-for-nobody',
    file: 'hpke.ts',
    find: "throw new ShoalError('CONTENT_CORRUPT', corrupt, { cause })",
    replace: 'throw cause',
    means: 'a key of a stranger ends an execution with an error without a name',
    tests: ['test/unit/storage/hpke.test.ts']
  },
  {
    id: 'sweep-takes-what-ends-meanwhile',
    file: 'blocks.ts',
    find: 'new Set(this.#inUse.keys())',
    replace: 'new Set<string>()',
    means: 'an object that is pinned while a sweep runs loses its blocks',
    tests: blocks
  },
  {
    id: 'ended-stream-kept',
    file: 'inbound.ts',
    find: 'if (this.#ends.closed && this.#ends.heard) this.#stream = undefined',
    replace: 'if (this.#ends.closed && this.#ends.heard && this.id === "") this.#stream = undefined',
    means: 'each stream of the block exchange stays in memory for two minutes after its end',
    tests: ['test/unit/storage/inbound.test.ts']
  },
  {
    id: 'early-end-loses-messages',
    file: 'inbound.ts',
    find: 'if (this.#ends.closed && this.#ends.heard) this.#stream = undefined',
    replace: 'if (this.#ends.closed) this.#stream = undefined',
    means: 'what came in a stream that closed early is lost',
    tests: ['test/unit/storage/inbound.test.ts']
  }
])
