/** What the commands ask of the machine itself. */
import { statfs } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** Bytes that this user may still write where `path` is or would be. */
export async function freeBytes(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch (e) {
      if (dirname(at) === at) throw e
    }
  }
}

/** Whether something takes a TCP connection there within `ms`. */
export function listens(host: string, port: number, ms: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ms, end(false))
    socket.once('connect', end(true))
    socket.once('error', end(false))
  })
}

export const nodeVersion = (): string => process.versions.node
