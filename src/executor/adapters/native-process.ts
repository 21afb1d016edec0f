/** Starts the runners of native engines: each a Node of its own with an empty environment, and with a folder of its own if it needs one. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../protocol/errors.ts'
import type { ChildLink, ProcessExit, ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import { holdChild } from './hold.ts'
import { NOBODY } from './runner-io.ts'

const MAX_ERRORS = 4096
const ending = extname(fileURLToPath(import.meta.url))
const ownCode = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..')

export interface RunnerProgram {
  readonly script: 'onnx-runner' | 'command-runner'
  /** After the script's path. */
  readonly args: readonly string[]
  /** Folders that it may read besides our code, when it runs under Node's permissions. */
  readonly readable?: readonly string[]
  /** It starts programs, which Node's permissions do not bind: a scratch folder is made, given as the last argument, and removed. */
  readonly commands?: boolean
}

/** Node's own permissions: a second layer, for JavaScript alone. The sandbox is the first. */
function permissions({ readable = [], commands }: RunnerProgram): string[] {
  if (commands === true) return []
  return [
    '--permission',
    '--allow-addons',
    '--allow-worker',
    ...[ownCode, ...readable].map(folder => `--allow-fs-read=${folder}/*`)
  ]
}

/** A fresh folder that the runner owns, also after it became nobody. */
function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-task-'))
  chmodSync(folder, 0o700)
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY)
  return folder
}

/** The whole group: what the runner started ends with it. */
function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e
  }
}

function exitOf(child: ChildProcess, folder: string | undefined): Promise<ProcessExit> {
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    errors = (errors + part).slice(-MAX_ERRORS)
  })
  const end = new Promise<ProcessExit>(done => {
    child.once('exit', (code, signal) => done({ code, signal, errors }))
    child.once('error', e => done({ code: null, signal: null, errors: e.message }))
  })
  return end.then(async exit => {
    killAll(child)
    if (folder !== undefined)
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    return exit
  })
}

/** Runs one kind of runner with the Node that runs us. */
export const nativeProcesses = (program: RunnerProgram): ProcessPort => ({
  async startRunner({ flags }: RunnerLaunch): Promise<ChildLink> {
    const folder = program.commands === true ? scratchFolder() : undefined
    const script = fileURLToPath(new URL(`${program.script}${ending}`, import.meta.url))
    const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning']
    const args = [...program.args, ...(folder === undefined ? [] : [folder])]
    const child = spawn(process.execPath, [...permissions(program), ...quiet, ...flags, script, ...args], {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that all of it can be ended
      windowsHide: true
    })
    child.stdin.on('error', () => child.stdin.destroy())
    return {
      pid: child.pid,
      output: child.stdout,
      mounts: new Map(),
      limitMemory: async () => undefined,
      cpuNs: async () => undefined,
      exited: exitOf(child, folder),
      write: bytes =>
        new Promise((done, fail) =>
          child.stdin.write(bytes, e => {
            if (e == null) done()
            else fail(new ShoalError('ENGINE_BROKEN', 'The runner is gone.', { cause: e }))
          })
        ),
      hold: on => holdChild(child, on),
      kill: () => killAll(child)
    }
  }
})
