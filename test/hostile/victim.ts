/** The peer under attack: a real one of a small devnet, in a process of its own whose memory the kernel tells us. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDevnet, type DevPeer, type Devnet } from '../../src/devnet/devnet.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'

export interface Victim {
  readonly net: Devnet
  readonly peer: DevPeer
  /** Multiaddr of its TCP port, with the peer id. */
  readonly address: string
  /** Resident memory, MiB. */
  rss(): number
  stop(): Promise<void>
}

/** Resident memory of a process in MiB; 0 when it is gone. */
export function rssOf(pid: number): number {
  try {
    const kiB = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kiB ?? 0) / 1024
  } catch {
    return 0 // the process is gone: the honest clients notice
  }
}

/** `peers`: how many in the devnet; the first is the victim. */
export async function startVictim(peers: number, onStep?: (what: string) => void): Promise<Victim> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-hostile-'))
  const net = await startDevnet({
    folder,
    peers,
    slots: 1,
    files: nodeFiles,
    random: systemRandom,
    clock: systemClock,
    onStep,
    config: { log: { level: 'warn' } }
  })
  const [peer] = net.peers
  const address = peer?.child.ready.addresses.find(a => a.includes('/127.0.0.1/tcp/') && !a.includes('/ws'))
  if (peer === undefined || address === undefined) throw new Error('the victim listens nowhere on loopback')
  return {
    net,
    peer,
    address,
    rss: () => rssOf(peer.child.pid),
    stop: async () => {
      await net.stop()
      if (process.env['SHOAL_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}
