/** A devnet of the built program with a running light requester, for benches: everything in one temporary folder, ended by `stop` and by Ctrl-C. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectToPeer, type ApiClient } from '../../src/api/adapters/client.ts'
import type { Child, startChild as StartChild } from '../../src/devnet/adapters/child.ts'
import type { Devnet, DevnetOptions, startDevnet as StartDevnet } from '../../src/devnet/devnet.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { buildInto } from './installed.ts'

export interface BenchNet {
  readonly folder: string
  readonly net: Devnet
  readonly requester: { readonly child: Child<{ api: string }>; readonly client: ApiClient }
  readonly signal: AbortSignal
  stop(): Promise<void>
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Starts it; steps are told on standard error. */
export async function startBenchNet(
  name: string,
  options: Pick<DevnetOptions, 'peers' | 'slots' | 'config'>
): Promise<BenchNet> {
  const folder = await mkdtemp(join(tmpdir(), `shoal-bench-${name}-`))
  const ended = new AbortController()
  const onInterrupt = (): void => ended.abort(new Error('interrupted'))
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt)
  const undo: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt)
    for (const f of undo.splice(0).reverse()) await f()
  }
  try {
    say('building the program as a package has it')
    const load = buildInto(join(folder, 'package'))
    const { startDevnet } = await load<{ startDevnet: typeof StartDevnet }>('devnet/devnet.js')
    const { startChild } = await load<{ startChild: typeof StartChild }>('devnet/adapters/child.js')
    const base = { files: nodeFiles, random: systemRandom, clock: systemClock, signal: ended.signal }
    const net = await startDevnet({ folder: join(folder, 'net'), ...base, onStep: say, ...options })
    undo.push(() => net.stop())
    const log = join(net.folder, 'logs', 'requester.log')
    const child = await startChild<{ api: string }>('requester', {
      args: ['up', '--home', net.requester.home],
      env: {},
      log,
      signal: ended.signal
    })
    undo.push(() => child.stop())
    const client = await connectToPeer(nodeFiles, layoutOf(net.requester.home).api)
    if (client === undefined) throw new Error('the requester does not answer')
    return { folder, net, requester: { child, client }, signal: ended.signal, stop }
  } catch (e) {
    await stop()
    throw e
  }
}
