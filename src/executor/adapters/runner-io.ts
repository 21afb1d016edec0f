/** What every runner does with its two pipes. Synchronous: a runner hears and says one thing at a time. */
import { readSync, statSync, writeSync } from 'node:fs'
import type { Frame } from '../runner/frames.ts'
import { decodeHeader, encodeFrame, encodeText, FROM_RUNNER, HEADER_BYTES } from '../runner/frames.ts'

function readExactly(n: number): Uint8Array {
  const bytes = new Uint8Array(n)
  for (let at = 0; at < n;) {
    const got = readSync(0, bytes, at, n - at, null)
    if (got === 0) process.exit(0) // the engine is gone
    at += got
  }
  return bytes
}

/** The next frame of the engine; ends the process when the engine is gone. */
export function readFrame(): Frame {
  const { type, length } = decodeHeader(readExactly(HEADER_BYTES))
  return { type, payload: readExactly(length) }
}

/** Never signalled: waiting on it is a pause. */
const pause = new Int32Array(new SharedArrayBuffer(4))

function writeSome(bytes: Uint8Array, from: number): number {
  try {
    return writeSync(1, bytes, from)
  } catch (e) {
    if (!(e instanceof Error && 'code' in e && e.code === 'EAGAIN')) throw e
    Atomics.wait(pause, 0, 0, 1) // the pipe is full, and on this system it does not block
    return 0
  }
}

/** Writes one frame; returns when the system took it. */
export function send(type: number, payload: Uint8Array): void {
  const frame = encodeFrame(type, payload)
  for (let at = 0; at < frame.length;) at += writeSome(frame, at)
}

/** The first words: which files lie under the paths that the engine had mounted, if it names any. */
export function sayHello(mounts: readonly string[]): void {
  const seen: Record<string, string> = {}
  for (const path of mounts) {
    const { dev, ino } = statSync(path, { bigint: true })
    seen[path] = `${dev}:${ino}`
  }
  send(FROM_RUNNER.hello, mounts.length === 0 ? new Uint8Array(0) : encodeText(JSON.stringify(seen)))
}
