/** Providers that hold their slots, requesters, and the chain: real processes of the built program on loopback, all ended by `stop`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectToPeer, type ApiClient } from '../../src/api/adapters/client.ts'
import type { startChild as StartChild } from '../../src/devnet/adapters/child.ts'
import type { Devnet, startDevnet as StartDevnet } from '../../src/devnet/devnet.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { layoutOf } from '../../src/peer/home/layout.ts'
import type { NetworkHealth } from '../../src/protocol/ports/network-health.ts'
import { buildInto } from '../support/installed.ts'
import { SLOTS } from './scenes.ts'

const PROVIDER = fileURLToPath(new URL('provider.ts', import.meta.url))
/** Until the slots of a scene are free again and everybody knows it, ms. */
const CALM_MS = 60_000

export interface Player {
  readonly name: string
  readonly client: ApiClient
}

export interface World {
  readonly folder: string
  readonly providers: readonly Player[]
  readonly requesters: readonly Player[]
  readonly signal: AbortSignal
  /** Lets so many providers sell and pauses the others; ends when every requester knows it. */
  open(providers: number): Promise<void>
  stop(): Promise<void>
}

export interface PeerStatus {
  readonly network: NetworkHealth
  readonly provider?: { readonly slotsFree: number; readonly slotsTotal: number }
}

export const statusOf = (p: Player): Promise<PeerStatus> => p.client.call<PeerStatus>('GET', '/v1/status')

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Free slots that a requester knows of. */
async function freeSlots({ client }: Player): Promise<number> {
  const { offers } = await client.call<{ offers: { slotsFree: number }[] }>('GET', '/v1/offers')
  return offers.reduce((sum, o) => sum + o.slotsFree, 0)
}

async function until(what: string, holds: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const end = systemClock.monotonic() + CALM_MS
  while (!(await holds())) {
    if (systemClock.monotonic() > end) throw new Error(`never happened: ${what}`)
    await systemClock.sleep(200, signal)
  }
}

/** Starts everything: about half a minute on two cores. */
export async function startWorld(counts: { providers: number; requesters: number }): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-load-'))
  const ended = new AbortController()
  const { signal } = ended
  const onInterrupt = (): void => ended.abort(new Error('interrupted'))
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt)
  const keep = process.env['SHOAL_KEEP'] !== undefined
  const undo: (() => Promise<void>)[] = [
    () => (keep ? Promise.resolve(say(`kept: ${folder}`)) : rm(folder, { recursive: true, force: true }))
  ]
  const stop = async (): Promise<void> => {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt)
    for (const f of undo.splice(0).reverse()) await f()
  }
  try {
    say('building the program as a package has it')
    const built = join(folder, 'package')
    const load = buildInto(built)
    const { startDevnet } = await load<{ startDevnet: typeof StartDevnet }>('devnet/devnet.js')
    const { startChild } = await load<{ startChild: typeof StartChild }>('devnet/adapters/child.js')
    const net: Devnet = await startDevnet({
      folder: join(folder, 'net'),
      ...{ files: nodeFiles, random: systemRandom, clock: systemClock, signal, onStep: say },
      ...{ peers: counts.providers, slots: SLOTS, requesters: counts.requesters },
      program: { path: PROVIDER, args: ['--package', built] },
      // challenges of capacity would take the cores that the scenes are measured on
      config: { provider: { challenges: '0s' } }
    })
    undo.push(() => net.stop())
    const requesters = await Promise.all(
      net.requesters.map(async ({ home }, i): Promise<Player> => {
        const name = `requester-${i + 1}`
        const log = join(net.folder, 'logs', `${name}.log`)
        const child = await startChild(name, { args: ['up', '--home', home], env: {}, log, signal })
        undo.push(() => child.stop())
        const client = await connectToPeer(nodeFiles, layoutOf(home).api)
        if (client === undefined) throw new Error(`${name} does not answer`)
        say(`${name} is up`)
        return { name, client }
      })
    )
    const providers = net.peers.map(({ name, client }) => ({ name, client }))
    const open = async (count: number): Promise<void> => {
      const calm = async (): Promise<boolean> => {
        const states = await Promise.all(providers.map(statusOf))
        return states.every(s => s.provider?.slotsFree === s.provider?.slotsTotal)
      }
      await until('all slots are free', calm, signal)
      for (const [i, p] of providers.entries())
        await p.client.call(
          'POST',
          i < count ? '/v1/provider/resume' : '/v1/provider/pause',
          i < count ? undefined : {}
        )
      const known = async (): Promise<boolean> =>
        (await Promise.all(requesters.map(freeSlots))).every(n => n === count * SLOTS)
      await until('every requester knows the slots', known, signal)
    }
    return { folder, providers, requesters, signal, open, stop }
  } catch (e) {
    await stop()
    throw e
  }
}
