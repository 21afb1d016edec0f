/** What a child process of ours looks like to the executor. */
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { ProcessExit } from '../runner/process-port.ts'
import { ShoalError } from '../../protocol/errors.ts'

const MAX_ERRORS = 4096

/** A child whose standard streams are pipes to us. */
export interface PipedChild extends ChildProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

function lastErrors(child: PipedChild): () => string {
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-MAX_ERRORS)
  })
  return () => text
}

function write(input: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    input.write(bytes, e => {
      if (e == null) done()
      else fail(new ShoalError('ENGINE_BROKEN', 'The runner is gone.', { cause: e }))
    })
  })
}

function exit(child: PipedChild, errors: () => string): Promise<ProcessExit> {
  return new Promise(done => {
    // Not 'close': that waits until somebody has read all output.
    child.once('exit', (code, signal) => done({ code, signal, errors: errors() }))
    child.once('error', e => done({ code: null, signal: null, errors: e.message }))
  })
}

export interface Pipes {
  readonly pid: number | undefined
  /** Resolves when the system took the bytes; ENGINE_BROKEN when the child is gone. */
  write(bytes: Uint8Array): Promise<void>
  readonly output: AsyncIterable<Uint8Array>
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>
  kill(): void
}

export function pipesOf(child: PipedChild): Pipes {
  const exited = exit(child, lastErrors(child))
  // A child that dies while we write to it closes the pipe; `exited` and `write` tell of it.
  child.stdin.on('error', () => child.stdin.destroy())
  return {
    pid: child.pid,
    output: child.stdout,
    exited,
    write: bytes => write(child.stdin, bytes),
    kill: () => {
      child.kill('SIGKILL')
    }
  }
}
