/** Bugs in the engines that are fed data: what they take, what they give, what they keep. */
import { within, type Mutant } from '../mutant.ts'

const admit = ['test/unit/executor/onnx/admit.test.ts']
const compare = ['test/unit/executor/compare/numbers.test.ts']
const pictures = ['test/unit/executor/compare/pictures.test.ts']
const arrays = ['test/unit/executor/onnx/arrays.test.ts']
const blender = ['test/unit/executor/blender.test.ts']
const native = ['test/unit/executor/native.test.ts']
const packs = ['test/unit/executor/packs.test.ts']

export const engines: readonly Mutant[] = within('src/executor', [
  {
    id: 'external-data-mark-unread',
    file: 'onnx/proto/model.ts',
    find: "else if (f.number === 14 && f.value !== 0n) throw invalid(where(), 'points to data outside the model')",
    replace: 'else if (f.number === 14 && f.value > 1n) return',
    means: 'a model that says its weights lie in another file passes',
    tests: admit
  },
  {
    id: 'domain-of-a-node-unread',
    file: 'onnx/admit.ts',
    find: "if (node.domain !== '' && node.domain !== 'ai.onnx')",
    replace: "if (node.domain === 'none')",
    means: 'a custom operator passes under the name of a known one',
    tests: admit
  },
  {
    id: 'two-graphs-merge',
    file: 'onnx/proto/message.ts',
    find: "if (kind.startsWith('one-'))",
    replace: "if (kind === 'one-number')",
    means:
      'what two readers understand in two ways passes: the one looks at the first graph, the other at both',
    tests: admit
  },
  {
    id: 'opset-ignored',
    file: 'onnx/ops.ts',
    find: 'return first > opset ?',
    replace: 'return first > 99 ?',
    means: 'an operator is taken in an opset that does not have it',
    tests: admit
  },
  {
    id: 'order-has-a-memory',
    file: 'onnx/order.ts',
    find: 'if (epoch !== this.#epoch) {',
    replace: 'if (epoch > this.#epoch) {',
    means: 'which rows a step sees depends on the steps before it: a resumed training ends in other weights',
    tests: arrays
  },
  {
    id: 'checkpoint-digest-unread',
    file: 'onnx/state.ts',
    find: "if (digest.some((b, i) => b !== bytes[end + i])) throw invalid('is damaged')",
    replace: "if (digest.length === 0) throw invalid('is damaged')",
    means: 'training goes on from damaged weights',
    tests: arrays
  },
  {
    id: 'infinite-tolerance',
    file: 'compare/numbers.ts',
    find: 'apart < Infinity && apart <= allowedOf',
    replace: 'apart <= allowedOf',
    means: 'infinities of other signs, or values far apart, are the same',
    tests: compare
  },
  {
    id: 'tolerance-of-the-larger',
    file: 'compare/numbers.ts',
    find: 't.relative * Math.min(Math.abs(x), Math.abs(y))',
    replace: '(1 + t.relative) * Math.max(Math.abs(x), Math.abs(y))',
    means: 'a huge value allows its own difference',
    tests: compare
  },
  {
    id: 'nan-passes',
    file: 'compare/numbers.ts',
    find: 'Number.isNaN(x) && Number.isNaN(y)',
    replace: 'Number.isNaN(x) || Number.isNaN(y)',
    means: 'a result of NaN everywhere is paid',
    tests: compare
  },
  {
    id: 'labels-within-tolerance',
    file: 'compare/arrays.ts',
    find: 'FLOATS.has(x.kind) ? toleranceOf(rule) : undefined',
    replace: 'toleranceOf(rule)',
    means: 'whole numbers pass for one another',
    tests: compare
  },
  {
    id: 'pictures-without-end',
    file: 'compare/png-rows.ts',
    find: "if ((await source.some(1)) !== undefined) throw broken('holds more than its head says')",
    replace: '',
    means: 'a picture may hold more than its head says',
    tests: pictures
  },
  {
    id: 'colours-do-not-count',
    file: 'compare/pictures.ts',
    find: 'a.meaning() === b.meaning() ? undefined :',
    replace: 'a.meaning() !== undefined ? undefined :',
    means: 'a colour profile of a liar changes what is seen',
    tests: pictures
  },
  {
    id: 'a-file-less',
    file: 'compare/comparer.ts',
    find: 'const at = a.findIndex((e, i) => b[i]?.path !== e.path)',
    replace: 'const at = a.findIndex((e, i) => b[i] !== undefined && b[i]?.path !== e.path)',
    means: 'a result without some of its files is the same as the whole',
    tests: compare
  },
  {
    id: 'scene-scripts-run',
    file: 'blender/command.ts',
    find: "'--disable-autoexec', ",
    replace: '',
    means: 'Python in a stranger’s scene may run, by the settings of this machine',
    tests: blender
  },
  {
    id: 'shares-do-not-meet',
    file: 'blender/settings.ts',
    find: 'Math.floor((shard * total) / shards)',
    replace: 'Math.round((shard * total) / shards)',
    means: 'a picture between two shards is nobody’s',
    tests: blender
  },
  {
    id: 'links-followed',
    file: 'adapters/task-folders.ts',
    find: 'constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK',
    replace: 'constants.O_RDONLY | constants.O_NONBLOCK',
    means: 'a link in /out brings a file of the provider’s machine into the result',
    tests: native
  },
  {
    id: 'children-work-for-nothing',
    file: 'native/proc-stat.ts',
    find: 'rest.slice(11, 15)',
    replace: '[...rest.slice(11, 13), 0, 0]',
    means: 'processor time of a command that has ended is not paid',
    tests: native
  },
  {
    id: 'scripts-of-packages-run',
    file: 'packs/install.ts',
    find: "'--ignore-scripts', ",
    replace: '',
    means: 'what comes with a package runs while an engine is added',
    tests: packs
  }
])
