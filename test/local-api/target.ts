/** A real peer with a job that waits for a provider for ever, so that there are live streams to hoard. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startVictim } from '../hostile/victim.ts'
import { honest } from '../support/hostile.ts'
import type { Target } from './attack.ts'

export async function startTarget(): Promise<{ target: Target; stop: () => Promise<void> }> {
  const { peer, stop } = await startVictim(1)
  try {
    writeFileSync(join(peer.home, 'answer.wasm'), honest())
    const file =
      'name: waits\ntask: { engine: wasm, module: answer.wasm }\nprice: { max: "0.000001" }\ndeadline: 1h\n'
    const { id } = await peer.client.call<{ id: string }>('POST', '/v1/jobs', {
      file,
      path: 'job.yaml',
      folder: peer.home,
      out: join(peer.home, 'never')
    })
    const api = JSON.parse(readFileSync(join(peer.home, 'api.json'), 'utf8')) as {
      url: string
      token: string
    }
    const { hostname, port, host } = new URL(api.url)
    const target = {
      door: { host: hostname, port: Number(port) },
      token: api.token,
      host,
      home: peer.home,
      pid: peer.child.pid,
      job: id
    }
    return { target, stop }
  } catch (e) {
    await stop()
    throw e
  }
}
