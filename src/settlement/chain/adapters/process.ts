/** The anvil process: found, started, stopped, and cleared away when an owner died without stopping it. */
import { spawn, execFile, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Clock } from '../../../protocol/ports/clock.ts'
import { deadline, abortable } from '../../../protocol/signals.ts'
import { within } from '../../within.ts'

/** A cold start takes 0.2 s; a state of many megabytes some seconds. */
const START_MS = 30_000
/** After SIGTERM; then SIGKILL. The state is saved before, so nothing depends on it. */
const STOP_MS = 3000
/** Output kept for an error message. */
const OUTPUT_MAX = 4000

const require = createRequire(import.meta.url)

/** The binary of the optional package for this platform. CHAIN_NOT_DEPLOYED when it is not installed. */
export function anvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  const file = `bin/anvil${process.platform === 'win32' ? '.exe' : ''}`
  try {
    return require.resolve(`${name}/${file}`)
  } catch (cause) {
    throw new ShoalError('CHAIN_NOT_DEPLOYED', `the embedded chain needs the optional package ${name}`, {
      next: 'Run: npm install --no-save @foundry-rs/anvil@1.7.1, or set chain.rpcUrl to a chain that runs elsewhere.',
      cause
    })
  }
}

export interface AnvilProcess {
  readonly pid: number
  readonly port: number
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** Starts anvil on a free loopback port, without accounts, mining only on demand. `folder` marks it as ours. */
export async function startAnvil(options: {
  readonly folder: string
  readonly chainId: bigint
  readonly stateFile: string | undefined
  readonly clock: Clock
  readonly signal?: AbortSignal
}): Promise<AnvilProcess> {
  const { clock, folder, stateFile } = options
  const args = [
    '-a',
    '0',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--no-cors',
    '--no-mining',
    '--order',
    'fifo'
  ]
  args.push('--hardfork', 'osaka', '--chain-id', options.chainId.toString())
  args.push('--config-out', path.join(folder, 'anvil.json'))
  if (stateFile !== undefined) args.push('--load-state', stateFile)
  const child = spawn(anvilBinary(), args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  const killNow = (): void => void child.kill('SIGKILL')
  process.on('exit', killNow)
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  }).then(() => void process.off('exit', killNow))
  const stop = async (): Promise<void> => await stopChild(child, ended, clock)
  const limit = deadline(clock, START_MS, 'CHAIN_UNREACHABLE', 'anvil did not start in time', options.signal)
  try {
    const port = await within(limit, async signal => await abortable(listening(child), signal))
    if (child.pid === undefined) throw new ShoalError('CHAIN_UNREACHABLE', 'anvil did not start')
    return { pid: child.pid, port, ended, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

async function listening(child: ChildProcess): Promise<number> {
  let output = ''
  return await new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new ShoalError('CHAIN_UNREACHABLE', `anvil ${reason}`, { data: { output: output.slice(-500) } }))
    const onData = (chunk: Buffer): void => {
      if (output.length < OUTPUT_MAX) output += chunk.toString('utf8') // afterwards only drained
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.once('error', e => fail(`cannot be run: ${e.message}`))
    child.once('exit', code => fail(`ended with code ${String(code)}`))
  })
}

async function stopChild(child: ChildProcess, ended: Promise<void>, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  child.kill('SIGTERM')
  const cancel = clock.timer(STOP_MS, () => void child.kill('SIGKILL'))
  await ended
  cancel()
}

/** What runs under a pid: when it started (so that a reused pid is told apart) and its command line. */
export async function describeProcess(
  pid: number
): Promise<{ started: string; command: string } | undefined> {
  try {
    if (process.platform === 'linux') {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8'),
        readFile(`/proc/${pid}/cmdline`, 'utf8')
      ])
      // Field 22 is the start time; the command name before it may hold spaces, so count from its closing bracket.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (fields[0] === 'Z') return undefined
      return { started: fields[19] ?? '', command: command.replaceAll('\0', ' ') }
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=,command=', '-p', String(pid)], {
      timeout: 5000
    })
    return { started: stdout.slice(0, 24), command: stdout.slice(24).trim() }
  } catch {
    return undefined // no such process
  }
}

/** Kills the process if it is an anvil of this folder. True when it was. */
export async function killOrphan(pid: number, folder: string, clock: Clock): Promise<boolean> {
  const found = await describeProcess(pid)
  if (
    found === undefined ||
    !found.command.includes('anvil') ||
    !found.command.includes(path.join(folder, 'anvil.json'))
  ) {
    return false
  }
  process.kill(pid, 'SIGKILL')
  for (let i = 0; i < 100 && (await describeProcess(pid)) !== undefined; i++) await clock.sleep(20)
  return true
}
