/** Attacks on what the API has little of: connections, streams, memory, patience. And what it leaves on disk and on the network. */
import { statSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiAttack, Result, Target } from './attack.ts'
import { refused } from './attack.ts'
import { open, talk, type Answer } from './raw.ts'

const auth = (t: Target): string => `host: ${t.host}\r\nauthorization: Bearer ${t.token}\r\n`

/** Whether an honest client is still served. */
export const served = async (t: Target): Promise<boolean> =>
  (await talk(t.door, `GET /v1/status HTTP/1.1\r\n${auth(t)}\r\n`, 5_000)).status === 200

/** Does something greedy with many sockets, asks as an honest client meanwhile, and lets go. */
async function hoard(
  t: Target,
  count: number,
  greet: string,
  hold = 1_000
): Promise<{ served: boolean; open: number; texts: string[] }> {
  const texts: string[] = Array.from({ length: count }, () => '')
  const sockets = texts.map((_, i) => {
    const socket = open(t.door)
    socket.on('data', d => (texts[i] = ((texts[i] ?? '') + d.toString('latin1')).slice(0, 2_000)))
    socket.write(greet)
    return socket
  })
  await sleep(hold)
  const ok = await served(t)
  const left = sockets.filter(s => !s.destroyed && s.readyState === 'open').length
  for (const s of sockets) s.destroy()
  return { served: ok, open: left, texts }
}

/** Cut off within some seconds; nothing else counts. */
const slow = (name: string, begin: (t: Target) => string, drip: string): ApiAttack => ({
  name,
  run: async t => {
    const a: Answer = await talk(
      t.door,
      socket => {
        socket.write(begin(t))
        const timer = setInterval(() => socket.write(drip), 500)
        socket.on('close', () => clearInterval(timer))
      },
      25_000
    )
    const seconds = `${(a.ms / 1_000).toFixed(1)} s`
    const ended = a.closed || a.status >= 400
    return {
      answered: `${a.status === 0 ? 'closed' : a.status} after ${seconds}`,
      success: ended ? undefined : 'still connected'
    }
  }
})

const streams: ApiAttack = {
  name: 'hoarding of event streams',
  run: async t => {
    const r = await hoard(t, 100, `GET /v1/jobs/${t.job}/events HTTP/1.1\r\n${auth(t)}\r\n`)
    const live = r.texts.filter(x => x.startsWith('HTTP/1.1 200')).length
    const success =
      live > 64 ? `${live} streams at once` : r.served ? undefined : 'the honest client is not served'
    return { answered: `${live} of 100 streams`, success }
  }
}

const streamsFreed: ApiAttack = {
  name: 'streams that were left keep no place',
  run: async t => {
    await hoard(t, 64, `GET /v1/jobs/${t.job}/events HTTP/1.1\r\n${auth(t)}\r\n`, 500)
    await sleep(1_000)
    const a = await talk(t.door, `GET /v1/jobs/${t.job}/events HTTP/1.1\r\n${auth(t)}\r\n`)
    return {
      answered: String(a.status),
      success: a.status === 200 ? undefined : 'no stream for the honest client'
    }
  }
}

const connections: ApiAttack = {
  name: 'a thousand silent connections',
  run: async t => {
    const r = await hoard(t, 1_000, '')
    return {
      answered: `${r.open} stay open`,
      success: r.served ? undefined : 'the honest client is not served'
    }
  }
}

const chunked: ApiAttack = {
  name: 'endless chunked body',
  run: async t => {
    const chunk = 'x'.repeat(65_536)
    const a = await talk(
      t.door,
      socket => {
        socket.write(
          `POST /v1/jobs HTTP/1.1\r\n${auth(t)}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`
        )
        const timer = setInterval(() => socket.write(`10000\r\n${chunk}\r\n`), 10)
        socket.on('close', () => clearInterval(timer))
      },
      5_000
    )
    return refused(a)
  }
}

const huge = (name: string, more: (t: Target) => string): ApiAttack => ({
  name,
  run: async t => refused(await talk(t.door, `GET /v1/status HTTP/1.1\r\n${auth(t)}${more(t)}\r\n\r\n`))
})

const apiFile: ApiAttack = {
  name: 'reading api.json as another user',
  run: (t): Promise<Result> => {
    const mode = (statSync(join(t.home, 'api.json')).mode & 0o777).toString(8)
    return Promise.resolve({
      answered: `mode ${mode}`,
      success: mode === '600' ? undefined : 'others can read the token'
    })
  }
}

/** TCP sockets of the API's port that listen, from the kernel. */
const beyondLoopback: ApiAttack = {
  name: 'reaching the API from another machine',
  run: async t => {
    const own = Object.values(networkInterfaces())
      .flatMap(i => i ?? [])
      .filter(i => !i.internal && i.family === 'IPv4')
    const port = t.door.port.toString(16).toUpperCase().padStart(4, '0')
    const listening = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .filter(l => l.includes(`:${port} 00000000:0000 0A`))
      .map(l => l.trim().split(/\s+/)[1] ?? '')
    const wide = listening.some(l => !l.startsWith('0100007F'))
    const answers = await Promise.all(
      own.map(i =>
        talk({ host: i.address, port: t.door.port }, `GET /health HTTP/1.1\r\nhost: ${t.host}\r\n\r\n`)
      )
    )
    const reached = answers.some(a => a.status !== 0)
    return {
      answered: `listens on ${listening.length} loopback socket(s)`,
      success: wide || reached || listening.length === 0 ? 'reached beyond loopback' : undefined
    }
  }
}

export const resourceAttacks: readonly ApiAttack[] = [
  huge('one header of 64 KiB', () => `x: ${'a'.repeat(65_536)}`),
  huge('five thousand headers', () => Array.from({ length: 5_000 }, (_, i) => `x${i}: 1`).join('\r\n')),
  huge('an 8 KiB token', t => `authorization: Bearer ${t.token.repeat(128)}`),
  chunked,
  {
    name: 'content-length of a gigabyte',
    run: async t =>
      refused(
        await talk(
          t.door,
          `POST /v1/jobs HTTP/1.1\r\n${auth(t)}content-type: application/json\r\ncontent-length: 1073741824\r\n\r\n{`
        )
      )
  },
  slow('slow headers', t => `GET /v1/status HTTP/1.1\r\nhost: ${t.host}\r\n`, 'x-a: b\r\n'),
  slow(
    'slow body',
    t =>
      `POST /v1/jobs HTTP/1.1\r\n${auth(t)}content-type: application/json\r\ncontent-length: 100000\r\n\r\n`,
    ' '
  ),
  slow(
    'slow body without a token',
    t => `POST /v1/jobs HTTP/1.1\r\nhost: ${t.host}\r\ncontent-length: 100000\r\n\r\n`,
    ' '
  ),
  connections,
  streams,
  streamsFreed,
  apiFile,
  beyondLoopback
]
