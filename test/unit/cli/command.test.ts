import { expect } from 'chai'
import { clean, command, EXIT, exitCodeOf, showError } from '../../../src/cli/command.ts'
import type { Cli } from '../../../src/cli/context.ts'
import { Output } from '../../../src/cli/output.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { faults, ShoalError, type ErrorCode } from '../../../src/protocol/errors.ts'
import { ManualClock } from '../../support/clock.ts'

/** A command line that writes down what it says. */
function terminal(changes: Partial<Cli> = {}) {
  const said: string[] = []
  const printed: string[] = []
  const cli: Cli = {
    process: { exitCode: undefined } as unknown as NodeJS.Process,
    env: {},
    cwd: '/',
    commandName: 'test',
    output: new Output(),
    afterwards: [],
    clock: new ManualClock(),
    files: nodeFiles,
    random: systemRandom,
    json: false,
    interactive: false,
    print: t => void printed.push(t),
    remark: t => void said.push(t),
    ...changes
  }
  return { cli, said, printed }
}
const error = (code: ErrorCode): ShoalError => new ShoalError(code, 'what happened', { next: 'Do this.' })

describe('exit codes', () => {
  const documented: Partial<Record<ErrorCode, number>> = {
    USAGE: 2,
    JOB_FILE_INVALID: 2,
    CONFIG_INVALID: 2,
    ATTEMPTS_EXHAUSTED: 3,
    TASK_FAILED: 3,
    FUNDS_LOW: 4,
    PASSPHRASE_MISSING: 4,
    PASSPHRASE_WRONG: 4,
    HOME_NOT_INITIALISED: 4,
    CANCELLED: 130
  }
  it('every error code ends with a documented code, never with 0', () => {
    for (const code of Object.keys(faults) as ErrorCode[])
      expect(exitCodeOf(error(code)), code).to.equal(documented[code] ?? 1)
  })
})

describe('errors on the command line', () => {
  it('say what happened and what to do, without a stack', () => {
    const { cli, said, printed } = terminal()
    showError(cli, error('FUNDS_LOW'))
    expect(said).to.deep.equal(['error: what happened', '  Do this.'])
    expect(printed).to.deep.equal([])
    expect(cli.process.exitCode).to.equal(EXIT.funds)
  })

  it('a bug of ours shows its message, and its stack only when asked for', () => {
    const plain = terminal()
    showError(plain.cli, new TypeError('x is undefined'))
    expect(plain.said.join('\n')).to.equal('error: x is undefined')
    const debug = terminal({ env: { SHOAL_DEBUG: '1' } })
    showError(debug.cli, new TypeError('x is undefined'))
    expect(debug.said.join('\n')).to.contain('command.test.ts')
    expect(plain.cli.process.exitCode).to.equal(EXIT.failed)
  })

  it('with --json they are one line of JSON on the other channel', () => {
    const { cli, said, printed } = terminal({ json: true })
    showError(cli, error('NO_BIDS'))
    expect(said.map(s => JSON.parse(s) as unknown)).to.deep.equal([
      { error: { code: 'NO_BIDS', message: 'what happened', next: 'Do this.' } }
    ])
    expect(printed).to.deep.equal([])
  })

  it('text from the network cannot drive the terminal', () => {
    const hostile = '\u001b[2J\u001b]0;owned\u0007 \u009b31m \u0000 \u007f \r done\u0008\n\tkept ☃'
    expect(clean(hostile)).to.equal('?[2J?]0;owned? ?31m ? ? ? done?\n\tkept ☃')
    const { cli, said } = terminal()
    showError(cli, new ShoalError('PEER_REFUSED', hostile, { next: hostile }))
    expect(said.join('')).not.to.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  })
})

describe('a command', () => {
  it('gets its flags and arguments, and an error becomes its exit code', async () => {
    const { cli, said } = terminal()
    const run = command<{ n: number }, [string]>(async (_cli, flags, signal, path) => {
      expect(signal.aborted).to.equal(false)
      throw new ShoalError('USAGE', `${path} ${flags.n}`)
    })
    await run.call(cli, { n: 5 }, 'job.yaml')
    expect(said).to.deep.equal(['error: job.yaml 5'])
    expect(cli.process.exitCode).to.equal(EXIT.usage)
  })

  it('the first interrupt aborts the signal and ends with 130, leaving no listener behind', async () => {
    const { cli } = terminal()
    const before = process.listenerCount('SIGINT')
    const run = command(async (_cli, _flags: object, signal) => {
      process.emit('SIGINT')
      process.emit('SIGINT') // the same key press, heard twice
      signal.throwIfAborted()
    })
    await run.call(cli, {})
    expect(cli.process.exitCode).to.equal(EXIT.interrupted)
    expect(process.listenerCount('SIGINT')).to.equal(before)
  })
})
