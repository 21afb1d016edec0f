/** Bugs in what peers prove of their capacity, and in what it may cost. */
import { within, type Mutant } from '../mutant.ts'

const hoard = ['test/unit/market/hoard.test.ts']
const chain = ['test/unit/market/chain.test.ts']
const classes = ['test/unit/market/classes.test.ts']
const weighed = ['test/unit/market/weighed.test.ts']
const kinds = ['test/integration/peer/challenge-kinds.test.ts']

const market = within('src/market', [
  {
    id: 'block-not-recomputed',
    file: 'hoard.ts',
    find: 'if (own === undefined || Buffer.compare(own, recipe.make(index, sources)) !== 0)',
    replace: 'if (own === undefined || own.byteLength !== recipe.make(index, sources).byteLength)',
    means: 'a data set of any bytes passes, so nobody need make one',
    tests: hoard
  },
  {
    id: 'sources-not-under-the-root',
    file: 'hoard.ts',
    find: 'const places = [index, ...recipe.sources(index)]',
    replace: 'const places = [index]',
    means: 'the blocks that a block is made of may be chosen afterwards',
    tests: hoard
  },
  {
    id: 'one-source-a-block',
    file: 'hoard.ts',
    find: 'for (const s of sources) {',
    replace: 'for (const s of sources.slice(0, 1)) {',
    means: 'a block depends on the one before it alone, and half of the data set is enough',
    tests: hoard
  },
  {
    id: 'second-root-unchecked',
    file: 'hoard.ts',
    find: 'if (again === undefined || !isUnder(rewritten.root, spec.blocks, index, masked, again))',
    replace: 'if (again === undefined)',
    means: 'what was not written again counts as written again',
    tests: hoard
  },
  {
    id: 'block-at-any-place',
    file: 'hash-tree.ts',
    find: 'node = i % 2 === 0 ? nodeOf(node, sibling) : nodeOf(sibling, node)',
    replace: 'node = Buffer.compare(node, sibling) < 0 ? nodeOf(node, sibling) : nodeOf(sibling, node)',
    means: 'an honest root is refused, or a block passes for another',
    tests: hoard
  },
  {
    id: 'chain-without-its-scales',
    file: 'chain.ts',
    find: 'residue(residue(x) * (scale[i] ?? 0))',
    replace: 'residue(residue(x) * (scale[0] ?? 0))',
    means: 'an honest chain of products is refused',
    tests: chain
  },
  {
    id: 'storage-by-disk-alone',
    file: 'classes.ts',
    find: 'needs: { disk: 60 * 1024, network: 2 * 1024 }',
    replace: 'needs: { disk: 60 * 1024 }',
    means: 'a peer that nobody can fetch from sells storage',
    tests: classes
  },
  {
    id: 'storage-by-wish',
    file: 'classes.ts',
    find: "c === 'general' || reaches(c, p, rules)",
    replace: "c !== 'high-end' || reaches(c, p, rules)",
    means: 'storage is what anyone says of itself',
    tests: classes
  },
  {
    id: 'memory-by-claim',
    file: 'weighed.ts',
    find: 'return Math.min(claimed, Math.max(BASE_MEMORY, p.memory * MiB))',
    replace: 'return p.memory > 0 ? claimed : Math.min(claimed, BASE_MEMORY)',
    means: 'who has proven a little memory is believed any',
    tests: weighed
  }
])

const peer = within('src/peer/capacity', [
  {
    id: 'stream-for-strangers',
    file: 'prover.ts',
    find: 'if (held?.id !== id || held.from !== from) return this.#unknown()',
    replace: 'if (held?.id !== id) return this.#unknown()',
    means: 'anyone who hears of a challenge takes part in it',
    tests: kinds
  },
  {
    id: 'stream-again-and-again',
    file: 'prover.ts',
    find: 'if (held.asked.has(step)) return often ? held : this.#unknown()',
    replace: 'if (held.asked.has(step)) return held',
    means: 'a peer is made to send its stream without end',
    tests: kinds
  },
  {
    id: 'bytes-of-an-hour-unbounded',
    file: 'answers/flow.ts',
    find: 'bytes.spend(2 * size * MiB)',
    replace: 'bytes.spend(0)',
    means: 'challengers together make a peer send without end',
    tests: kinds
  },
  {
    id: 'late-blocks-pass',
    file: 'exams/hoard.ts',
    find: 'if (clock.monotonic() - begun > SHOW_MS)',
    replace: 'if (clock.monotonic() - begun > 100 * SHOW_MS)',
    means: 'a data set that was thrown away is made again before anyone minds',
    // the request itself gives up after ten seconds, so a trial on a simulated clock must notice it
    tests: ['test/unit/peer/capacity/trial.test.ts']
  },
  {
    id: 'stream-of-other-bytes',
    file: 'exams/flow.ts',
    find: 'if (Buffer.compare(value, data) !== 0) throw',
    replace: 'if (value.byteLength !== data.byteLength) throw',
    means: 'zeros that any line squeezes pass for a fast line',
    tests: kinds
  }
])

export const capacity: readonly Mutant[] = [...market, ...peer]
