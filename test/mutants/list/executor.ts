/** Bugs in running what strangers wrote. */
import { within, type Mutant } from '../mutant.ts'

const gas = ['test/unit/executor/gas.test.ts', 'test/fuzz/executor/gas.test.ts']
const program = ['test/unit/executor/program.test.ts']
const container = ['test/unit/executor/container.test.ts']
const seccomp = ['test/unit/executor/seccomp.test.ts']
const bwrap = ['test/unit/executor/sandbox.test.ts']
const nan = ['test/unit/executor/nan.test.ts']
const relay = ['test/unit/executor/relay.test.ts']

export const executor: readonly Mutant[] = within('src/executor', [
  {
    id: 'ioctl-by-its-whole-number',
    file: 'container/seccomp-profile.ts',
    find: 'if (leadsToOther) continue',
    replace: '',
    means: 'a container types into a terminal by a number that begins like another forbidden one',
    tests: container
  },
  {
    id: 'image-by-its-name',
    file: 'container/image.ts',
    find: 'digestOf(image) === digestOf(source.name)',
    replace: 'image.split("@")[0] === source.name.split("@")[0]',
    means: 'who knows the name of an image that the owner allows runs any other under it',
    tests: container
  },
  {
    id: 'locals-are-free',
    file: 'wasm/gas/meter.ts',
    find: 'regions.pay(1 + (declared.locals >> 1))',
    replace: 'regions.pay(1)',
    means: 'a task zeroes thousands of locals with every call and pays for none',
    tests: gas
  },
  {
    id: 'fill-is-free',
    file: 'wasm/gas/meter.ts',
    find: '    case 0xfc00 + BULK.memoryFill:\n',
    replace: '',
    means: 'filling a gigabyte costs one unit of gas',
    tests: gas
  },
  {
    id: 'both-branches-paid',
    file: 'wasm/gas/regions.ts',
    find: '  OP.else,\n',
    replace: '',
    means: 'a task pays for the long branch that it did not take',
    tests: gas
  },
  {
    id: 'branch-that-skips-the-payment',
    file: 'wasm/gas/regions.ts',
    find: 'this.#joins = this.#depth > 0 || (op !== OP.end && op !== OP.else)',
    replace: 'this.#joins = true',
    means: 'a task that branches past the payment runs the rest for nothing',
    tests: gas
  },
  {
    id: 'rounds-for-nothing',
    file: 'wasm/gas/regions.ts',
    find: '    // its head is reached from its end as well\n    this.end()\n    this.#joins = false\n',
    replace: '',
    means: 'a loop is paid for once, however often it goes round',
    tests: gas
  },
  {
    id: 'own-maximum-counts',
    file: 'wasm/gas/instrument.ts',
    find: 'const max = Math.min(maxPages, hasMax ? r.u32() : maxPages)',
    replace: 'const max = hasMax ? r.u32() : maxPages',
    means: 'a module that declares four gigabytes gets them, whatever the job pays for',
    tests: gas
  },
  {
    id: 'folder-climbed-out-of',
    file: 'wasm/wasi/path-calls.ts',
    find: 'if (folder === start || folder.parent === undefined)',
    replace: 'if (folder.parent === undefined)',
    means: 'a task leaves the folder that a path began in',
    tests: program
  },
  {
    id: 'output-limit-by-file',
    file: 'wasm/wasi/tree.ts',
    find: 'if (this.#bytes + n > this.#maxBytes) {',
    replace: 'if (n > this.#maxBytes) {',
    means: 'a task fills the memory of a provider with many small writes',
    tests: program
  },
  {
    id: 'old-bytes-in-a-file',
    file: 'wasm/wasi/tree.ts',
    find: 'if (size < this.#size) this.#bytes.fill(0, size, this.#size)',
    replace: '',
    means: 'a file that was cut and grown again shows old bytes: results differ',
    tests: ['test/unit/executor/tree.test.ts']
  },
  {
    id: 'log-limit-by-line',
    file: 'wasm/wasi/output-lines.ts',
    find: 'this.#used += n',
    replace: 'this.#used = n',
    means: 'a task writes logs without end',
    tests: program
  },
  {
    id: 'address-behind-the-end',
    file: 'wasm/wasi/memory.ts',
    find: 'if (address + length > this.#view.byteLength)',
    replace: 'if (address > this.#view.byteLength)',
    means: 'a wrong pointer of a task ends its runner and not the call',
    tests: program
  },
  {
    id: 'sleep-goes-back',
    file: 'wasm/wasi/system-calls.ts',
    find: 'if (time > this.#now) this.#now =',
    replace: 'this.#now =',
    means: "a task's clock runs backwards",
    tests: ['test/unit/executor/task-clock.test.ts']
  },
  {
    id: 'newest-progress-lost',
    file: 'runner/relay.ts',
    find: 'this.#waiting = { fraction, note }',
    replace: 'this.#waiting ??= { fraction, note }',
    means: 'the progress that is shown is always old',
    tests: relay
  },
  {
    id: 'oldest-checkpoint-kept',
    file: 'runner/relay.ts',
    find: '    this.#next = checkpoint\n',
    replace: '    this.#next ??= checkpoint\n',
    means: 'an execution that is resumed begins further back than it need',
    tests: relay
  },
  {
    id: 'frame-above-the-limit',
    file: 'runner/frames.ts',
    find: 'if (length > MAX_PAYLOAD)\n',
    replace: 'if (length > 1024 * MAX_PAYLOAD)\n',
    means: 'a runner that was taken over makes its peer hold a quarter of a gigabyte',
    tests: ['test/unit/executor/frames.test.ts']
  },
  {
    id: 'sockets-pass-the-filter',
    file: 'sandbox/seccomp/filter.ts',
    find: "['socket', [ret(fail(EAFNOSUPPORT))]],",
    replace: "['socket', [ret(ALLOW)]],",
    means: 'a task in the sandbox opens sockets',
    tests: seccomp
  },
  {
    id: 'unknown-calls-pass-the-filter',
    file: 'sandbox/seccomp/filter.ts',
    find: 'known.get(nr) ?? fail(ENOSYS)',
    replace: 'known.get(nr) ?? ALLOW',
    means: 'calls that the kernel learns later are open to tasks',
    tests: seccomp
  },
  {
    id: 'namespaces-by-clone',
    file: 'sandbox/seccomp/filter.ts',
    find: '[JUMP_ANY_BIT, 0, 1, CLONE_NEW]',
    replace: '[JUMP_ANY_BIT, 0, 1, 0]',
    means: 'a task makes namespaces of its own',
    tests: seccomp
  },
  {
    id: 'other-numbers-of-x32',
    file: 'sandbox/seccomp/filter.ts',
    find: "if (arch === 'x64') code.push(",
    replace: "if (arch === 'arm64') code.push(",
    means: 'the second set of numbers of x86-64 goes round the filter',
    tests: seccomp
  },
  {
    id: 'folders-without-end',
    file: 'sandbox/bwrap.ts',
    find: "quota === true ? ['--tmpfs', inside]",
    replace: "quota !== true ? ['--tmpfs', inside]",
    means: 'a task fills the memory with files',
    tests: bwrap
  },
  {
    id: 'environment-is-kept',
    file: 'sandbox/bwrap.ts',
    find: "'--new-session', '--clearenv'",
    replace: "'--new-session'",
    means: 'a task reads our environment',
    tests: bwrap
  },
  {
    id: 'self-test-without-user',
    file: 'sandbox/self-test.ts',
    find: 'uid === undefined || uid === 0',
    replace: 'uid === undefined',
    means: 'a sandbox that runs as root passes its test',
    tests: bwrap
  },
  {
    id: 'nan-of-the-processor',
    file: 'wasm/gas/nan.ts',
    find: 'kind === undefined || this.#takenBlindly(pos) ? undefined : kind',
    replace: "kind === 'f32' || kind === undefined || this.#takenBlindly(pos) ? undefined : kind",
    means: 'equal tasks give other bytes on another processor',
    tests: nan
  },
  {
    id: 'nan-kept-in-a-local',
    file: 'wasm/gas/nan.ts',
    find: 'const kind = op === OP.localGet ? this.#lazyAt(from) : MAKES.get(op)',
    replace: 'const kind = MAKES.get(op)',
    means: 'a NaN that went through a local tells the processor',
    tests: nan
  },
  {
    id: 'own-bits-lost-in-a-local',
    file: 'wasm/gas/nan.ts',
    find: "kind === undefined || known !== kind ? 'mixed' : kind",
    replace: "kind === undefined ? known ?? 'mixed' : kind",
    means: "a program's own bit patterns are changed",
    tests: nan
  },
  {
    id: 'nan-through-a-sign',
    file: 'wasm/gas/nan.ts',
    find: '...range(0xa8, 0xab),',
    replace: '...range(0xa6, 0xab),',
    means: 'copysign tells which processor a task runs on',
    tests: nan
  },
  {
    id: 'counter-lost-in-a-call',
    file: 'wasm/gas/meter.ts',
    find: 'if (CALLS.has(op)) regions.add(load)',
    replace: '',
    means: 'what a called function costs is forgotten',
    tests: gas
  }
])
