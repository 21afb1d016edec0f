/** A real peer and a node without manners beside it, for limits that are tried from outside. */
import type { Stream } from '@libp2p/interface'
import { encodeFrame, FrameDecoder } from '../../../src/p2p/engine/frames.ts'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { decode } from '../../../src/protocol/codec.ts'
import { z } from 'zod'
import type { Target } from '../../hostile/attack.ts'
import { Siege, type Member } from '../../hostile/siege.ts'
import { startPeer, stopAll, systemClock } from '../p2p/fixtures.ts'
import type { NetworkOptions } from '../../../src/p2p/network.ts'

export interface Pair {
  readonly peer: P2PNetwork
  readonly siege: Siege
  /** What the peer thinks of the other. */
  score(of: Member): number
}

let sieges: Siege[] = []

/** `host`: where the other side connects from; 127.0.0.1 is never counted by host. */
export async function startPair(options: Partial<NetworkOptions> = {}, host = '127.0.0.1'): Promise<Pair> {
  const peer = await startPeer(options)
  const target = { address: peer.addresses()[0] ?? '', peer: peer.peerId, networkId: 'test' }
  const siege = new Siege(target as unknown as Target, host, AbortSignal.timeout(60_000))
  sieges.push(siege)
  const score = (of: Member): number =>
    peer.peers().find(p => p.peer === of.node.peerId.toString())?.score ?? NaN
  return { peer, siege, score }
}

export async function stopPairs(): Promise<void> {
  await Promise.all(sieges.map(s => s.end()))
  sieges = []
  await stopAll()
}

const answer = z.object({ error: z.object({ code: z.string(), message: z.string() }).optional() }).loose()

/** The code of the first response frame: 'ok', an error's code, or 'reset' when the stream ended without one. */
export function codeOf(stream: Stream, ms = 8_000): Promise<string> {
  const frames = new FrameDecoder(2 ** 20)
  return new Promise(resolve => {
    const end = (): void => resolve('reset')
    stream.addEventListener('message', ({ data }) => {
      frames.push(data.subarray())
      const frame = frames.next()
      if (frame !== undefined) resolve(decode(answer, frame, 'answer', 2 ** 20).error?.code ?? 'ok')
    })
    stream.addEventListener('close', end)
    stream.addEventListener('remoteCloseWrite', end)
    if (stream.status !== 'open') end()
    systemClock.timer(ms, () => resolve('silence'))
  })
}

/** Sends one frame of bytes and gives the answer's code. */
export async function ask(door: Member, protocol: string, body: Uint8Array): Promise<string> {
  const stream = await door.stream(protocol).catch(() => undefined)
  if (stream === undefined) return 'reset'
  const code = codeOf(stream)
  stream.send(encodeFrame(body, 2 ** 21))
  await stream.close().catch(() => undefined)
  return await code
}
