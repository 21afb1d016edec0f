/** Bugs in the engines that are fed data: what they take, what they give, what they keep. */
import { within, type Mutant } from '../mutant.ts'

const admit = ['test/unit/executor/onnx/admit.test.ts']
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
    file: 'onnx/compare.ts',
    find: '|| !Number.isFinite(allowed)',
    replace: '',
    means: 'beside an infinity every value is within the tolerance',
    tests: arrays
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
