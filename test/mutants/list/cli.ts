/** Bugs at the keyboard and at the local API. */
import { within, type Mutant } from '../mutant.ts'

const guard = ['test/unit/cli/api-guard.test.ts']
const command = ['test/unit/cli/command.test.ts']
const settings = ['test/unit/cli/settings.test.ts']
const doctor = ['test/unit/cli/doctor.test.ts']

export const cli: readonly Mutant[] = within('src', [
  {
    id: 'host-that-begins-well',
    file: 'api/guard.ts',
    find: '(:\\d{1,5})?$/',
    replace: '(:\\d{1,5})?/',
    means: 'a web page whose name begins with localhost reaches the API',
    tests: guard
  },
  {
    id: 'any-token-of-that-length',
    file: 'api/guard.ts',
    find: 'x.length === y.length && timingSafeEqual(x, y)',
    replace: 'x.length === y.length',
    means: 'any token of the right length opens the API',
    tests: guard
  },
  {
    id: 'foreign-page',
    file: 'api/guard.ts',
    find: 'if (origin !== undefined && origin !== `http://${host}`)',
    replace: "if (origin === 'null')",
    means: "any web page in the owner's browser may ask the API",
    tests: guard
  },
  {
    id: 'failed-job-exits-1',
    file: 'cli/command.ts',
    find: "if (e.code === 'ATTEMPTS_EXHAUSTED' || e.code === 'TASK_FAILED') return EXIT.job",
    replace: "if (e.code === 'ATTEMPTS_EXHAUSTED') return EXIT.job",
    means: 'a script cannot tell a failed task from a failed command',
    tests: command
  },
  {
    id: 'low-funds-exit-1',
    file: 'cli/command.ts',
    find: "const FUNDS = new Set(['FUNDS_LOW', ",
    replace: 'const FUNDS = new Set([',
    means: 'a script does not notice that money is missing',
    tests: command
  },
  {
    id: 'terminal-taken-over',
    file: 'cli/command.ts',
    find: '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f',
    replace: '[\\u0000-\\u0008\\u000b-\\u001a\\u007f-\\u009f',
    means: "a stranger's message controls the terminal",
    tests: command
  },
  {
    id: 'project-raises-the-cap',
    file: 'cli/settings/load.ts',
    find: 'return project.value < user.value ? project : user',
    replace: 'return project',
    means: "a stranger's project file spends more than its user allows",
    tests: settings
  },
  {
    id: 'price-cap-ignored',
    file: 'cli/settings/caps.ts',
    find: 'job.price.max > maxPrice.value',
    replace: 'job.price.max < maxPrice.value',
    means: 'a job costs more than the settings allow',
    tests: settings
  },
  {
    id: 'time-cap-ignored',
    file: 'cli/settings/caps.ts',
    find: 'job.deadline > maxTime.value',
    replace: 'job.deadline > maxTime.value * 1000',
    means: 'a job runs longer than the settings allow',
    tests: settings
  },
  {
    id: 'doctor-sees-no-gas',
    file: 'cli/doctor/chain.ts',
    find: 'if (account.gas === 0n)',
    replace: 'if (account.gas < 0n)',
    means: 'doctor finds nothing wrong with a key that cannot pay for any transaction',
    tests: doctor
  },
  {
    id: 'doctor-full-disk',
    file: 'cli/doctor/machine.ts',
    find: 'return free >= DISK_MIN',
    replace: 'return free > 0',
    means: 'doctor finds nothing wrong with a disk that is nearly full',
    tests: doctor
  },
  {
    id: 'doctor-old-node',
    file: 'cli/doctor/machine.ts',
    find: '(major === 22 && minor >= 19)',
    replace: 'major === 22',
    means: 'doctor finds nothing wrong with a Node that cannot run the program',
    tests: doctor
  },
  {
    id: 'copies-not-estimated',
    file: 'cli/run/estimate.ts',
    find: 'Math.ceil((count * copies) / Math.max(1, o.slots))',
    replace: 'Math.ceil(count / Math.max(1, o.slots))',
    means: 'the estimate tells half of the time that replicas take',
    tests: ['test/unit/cli/run.test.ts']
  },
  {
    id: 'replicas-at-half-price',
    file: 'cli/run/confirm.ts',
    find: "BigInt(job.count) * BigInt(job.verify.tier === 'replicas' ? job.verify.copies : 1)",
    replace: 'BigInt(job.count)',
    means: 'the price that a person agrees to leaves out the copies',
    tests: ['test/unit/cli/run.test.ts']
  },
  {
    id: 'range-without-its-end',
    file: 'cli/offers/filter.ts',
    find: '(high === undefined || field.read(a) <= high)',
    replace: '(high === undefined || field.read(a) < high)',
    means: 'offers at the upper end of a range are not shown',
    tests: ['test/unit/cli/offers.test.ts']
  }
])
