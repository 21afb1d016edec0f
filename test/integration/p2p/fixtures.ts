/** Real peers on loopback for the tests of p2p and storage, with a system clock and a log that keeps what was said. */
import { randomBytes } from 'node:crypto'
import type { LogFields, Logger, PeerAddress } from '../../../src/protocol/ports/index.ts'
import { createPeerNetwork, type NetworkOptions, type P2PNetwork } from '../../../src/p2p/network.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'

export { systemClock, systemRandom }

/** Keeps what was logged, so that a test can say that nothing went wrong. */
export class MemoryLog implements Logger {
  readonly lines: { level: string; fields: LogFields; message: string }[] = []
  debug(fields: LogFields, message: string): void {
    this.lines.push({ level: 'debug', fields, message })
  }
  info(fields: LogFields, message: string): void {
    this.lines.push({ level: 'info', fields, message })
  }
  warn(fields: LogFields, message: string): void {
    this.lines.push({ level: 'warn', fields, message })
  }
  error(fields: LogFields, message: string): void {
    this.lines.push({ level: 'error', fields, message })
  }
  child(): Logger {
    return this
  }
}

const running: P2PNetwork[] = []

/** A started peer on a free loopback port; `stopAll` ends it. */
export async function startPeer(options: Partial<NetworkOptions> = {}): Promise<P2PNetwork> {
  const network = await createPeerNetwork({
    profile: 'full',
    networkId: 'test',
    seed: new Uint8Array(randomBytes(32)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    clock: systemClock,
    random: systemRandom,
    log: new MemoryLog(),
    ...options
  })
  await network.start()
  running.push(network)
  return network
}

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map(n => n.stop()))
}

export const addressOf = (network: P2PNetwork): PeerAddress => ({
  peer: network.peerId,
  addresses: network.addresses()
})

export const byId = (network: P2PNetwork): PeerAddress => ({ peer: network.peerId, addresses: [] })

/** Waits for something that will become true; fails after `ms`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 15_000
): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await systemClock.sleep(20)
  }
}

export const isConnected = (a: P2PNetwork, b: P2PNetwork): boolean => a.peers().some(p => p.peer === b.peerId)
