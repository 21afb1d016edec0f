import type { ChildProcess } from 'node:child_process'
import type { Writable } from 'node:stream'
import type { ChildLink, ProcessExit, ProcessPort } from '../process-port.ts'
import { spawn } from 'node:child_process'
import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../protocol/errors.ts'

const MAX_ERRORS = 4096

/** The source tree runs as .ts, the published package as .js: the runner has the ending of this file. */
const ending = extname(fileURLToPath(import.meta.url))
const runner = fileURLToPath(new URL(`wasm-runner${ending}`, import.meta.url))
/** The folder that holds our code: all that the runner may read. */
const ownCode = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..')

function lastErrors(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-MAX_ERRORS)
  })
  return () => text
}

/** Resolves when the system took the bytes. */
function write(input: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    input.write(bytes, e => {
      if (e == null) done()
      else fail(new ShoalError('ENGINE_BROKEN', 'The runner is gone.', { cause: e }))
    })
  })
}

function exit(child: ChildProcess, errors: () => string): Promise<ProcessExit> {
  return new Promise(done => {
    // Not 'close': that waits until somebody has read all output.
    child.once('exit', (code, signal) => done({ code, signal, errors: errors() }))
    child.once('error', e => done({ code: null, signal: null, errors: e.message }))
  })
}

/** Runs the runner with the Node that runs us. */
export const nodeProcesses: ProcessPort = {
  startRunner(flags: readonly string[]): ChildLink {
    const permissions = ['--permission', `--allow-fs-read=${ownCode}/*`, '--allow-worker']
    const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning']
    const child = spawn(process.execPath, [...permissions, ...quiet, ...flags, runner], {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true
    })
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
}
