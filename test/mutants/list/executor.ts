/** Bugs in running what strangers wrote. */
import { within, type Mutant } from '../mutant.ts'

const gas = ['test/unit/executor/gas.test.ts', 'test/fuzz/executor/gas.test.ts']
const program = ['test/unit/executor/program.test.ts']
const relay = ['test/unit/executor/relay.test.ts']

export const executor: readonly Mutant[] = within('src/executor/wasm', [
  {
    id: 'locals-are-free',
    file: 'gas/meter.ts',
    find: 'let cost = 1 + (readLocals(r) >> 1)',
    replace: 'let cost = 1 + readLocals(r) * 0',
    means: 'a task zeroes thousands of locals with every call and pays for none',
    tests: gas
  },
  {
    id: 'fill-is-free',
    file: 'gas/meter.ts',
    find: '    case 0xfc00 + BULK.memoryFill:\n',
    replace: '',
    means: 'filling a gigabyte costs one unit of gas',
    tests: gas
  },
  {
    id: 'both-branches-paid',
    file: 'gas/meter.ts',
    find: '  OP.else,\n',
    replace: '',
    means: 'a task pays for the branch that it did not take',
    tests: gas
  },
  {
    id: 'own-maximum-counts',
    file: 'gas/instrument.ts',
    find: 'const max = Math.min(maxPages, hasMax ? r.u32() : maxPages)',
    replace: 'const max = hasMax ? r.u32() : maxPages',
    means: 'a module that declares four gigabytes gets them, whatever the job pays for',
    tests: gas
  },
  {
    id: 'folder-climbed-out-of',
    file: 'wasi/path-calls.ts',
    find: 'if (folder === start || folder.parent === undefined)',
    replace: 'if (folder.parent === undefined)',
    means: 'a task leaves the folder that a path began in',
    tests: program
  },
  {
    id: 'output-limit-by-file',
    file: 'wasi/tree.ts',
    find: 'if (this.#bytes + n > this.#maxBytes) {',
    replace: 'if (n > this.#maxBytes) {',
    means: 'a task fills the memory of a provider with many small writes',
    tests: program
  },
  {
    id: 'old-bytes-in-a-file',
    file: 'wasi/tree.ts',
    find: 'if (size < this.#size) this.#bytes.fill(0, size, this.#size)',
    replace: '',
    means: 'a file that was cut and grown again shows old bytes: results differ',
    tests: ['test/unit/executor/tree.test.ts']
  },
  {
    id: 'log-limit-by-line',
    file: 'wasi/output-lines.ts',
    find: 'this.#used += n',
    replace: 'this.#used = n',
    means: 'a task writes logs without end',
    tests: program
  },
  {
    id: 'address-behind-the-end',
    file: 'wasi/memory.ts',
    find: 'if (address + length > this.#view.byteLength)',
    replace: 'if (address > this.#view.byteLength)',
    means: 'a wrong pointer of a task ends its runner and not the call',
    tests: program
  },
  {
    id: 'sleep-goes-back',
    file: 'wasi/system-calls.ts',
    find: 'if (time > this.#now) this.#now =',
    replace: 'this.#now =',
    means: "a task's clock runs backwards",
    tests: ['test/unit/executor/task-clock.test.ts']
  },
  {
    id: 'newest-progress-lost',
    file: 'relay.ts',
    find: 'this.#waiting = { fraction, note }',
    replace: 'this.#waiting ??= { fraction, note }',
    means: 'the progress that is shown is always old',
    tests: relay
  },
  {
    id: 'oldest-checkpoint-kept',
    file: 'relay.ts',
    find: '    this.#next = checkpoint\n',
    replace: '    this.#next ??= checkpoint\n',
    means: 'an execution that is resumed begins further back than it need',
    tests: relay
  },
  {
    id: 'frame-above-the-limit',
    file: 'frames.ts',
    find: 'if (length > MAX_PAYLOAD)\n',
    replace: 'if (length > 1024 * MAX_PAYLOAD)\n',
    means: 'a runner that was taken over makes its peer hold a quarter of a gigabyte',
    tests: ['test/unit/executor/frames.test.ts']
  }
])
