/** Runs a task's commands one after another, watches what they use, and keeps what they made. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { OUTPUT_FILES_MAX } from '../../protocol/task-limits.ts'
import { overall, type CommandStep, type TaskFolders } from '../native/command-plan.ts'
import type { Usage } from '../native/proc-stat.ts'
import type { RunnerConfig } from '../runner/frames.ts'
import { LogBudget, OutputLines } from '../wasm/wasi/output-lines.ts'
import { CommandFailed, LimitReached, type Reporter } from './runner-io.ts'
import { readPlain, readTree, signature } from './task-folders.ts'

/** How often the commands' use is looked at, in milliseconds: what a task may use beyond its limits. */
const LOOK_EVERY = 250
/** Checkpoints come at most this often, in milliseconds. */
const CHECKPOINT_EVERY = 2_000
const FILES_MAX = OUTPUT_FILES_MAX.native
/** In a checkpoint: the results of steps that are done. */
const DONE = 'done/'

export interface SupervisorParts {
  readonly steps: readonly CommandStep[]
  readonly folders: TaskFolders
  readonly reporter: Reporter
  readonly config: Pick<RunnerConfig, 'memoryBytes' | 'outputBytes'>
  /** Of the checkpoint that the task begins from. */
  readonly checkpoint: ReadonlyMap<string, Uint8Array>
  /** Of this process and all below it, now. */
  readonly usage: () => Usage
}

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #made = new Map<string, Uint8Array>()
  #done = 0
  #fraction = 0
  #kept = -Infinity
  #seen: string | undefined

  constructor(parts: SupervisorParts) {
    this.#parts = parts
  }

  /** The files of /out. LimitReached, CommandFailed, and what a step's `finish` throws. */
  async run(): Promise<Map<string, Uint8Array>> {
    const { steps, reporter, folders, config } = this.#parts
    this.#resume()
    reporter.log(`${steps.length} steps${this.#made.size > 0 ? `, ${this.#made.size} done before` : ''}`)
    this.#seen = signature(folders.checkpoint, FILES_MAX)
    for (const step of steps) {
      const known = step.makes !== undefined && this.#made.has(step.makes.path)
      if (!known) await this.#step(step)
      this.#done++
      this.#tell(0, step.title)
    }
    const made = readTree(folders.output, { maxFiles: FILES_MAX, maxBytes: config.outputBytes })
    return new Map([...made, ...this.#made])
  }

  /** Takes over what an earlier run made, when it is what the step would have made. */
  #resume(): void {
    for (const { makes } of this.#parts.steps) {
      const bytes = makes === undefined ? undefined : this.#parts.checkpoint.get(DONE + makes.path)
      if (makes === undefined || bytes === undefined) continue
      try {
        this.#made.set(makes.path, makes.finish(bytes))
      } catch {
        continue // it is made again
      }
    }
  }

  #tell(fraction: number, note: string): void {
    this.#fraction = fraction
    this.#parts.reporter.progress(overall(this.#done, fraction, this.#parts.steps.length), note)
  }

  async #step(step: CommandStep): Promise<void> {
    const { folders, config } = this.#parts
    await this.#command(step)
    if (step.makes === undefined) return
    const file = join(folders.work, step.makes.file)
    const bytes = readPlain(file, config.outputBytes + 16 * 1024 * 1024)
    if (bytes === undefined)
      throw new CommandFailed(1, `${step.title}: the command left no ${step.makes.file}`)
    this.#made.set(step.makes.path, step.makes.finish(bytes))
    this.#checkpoint(1)
  }

  /** Results of steps; at most every two seconds. */
  #checkpoint(extra: number): void {
    const now = performance.now()
    if (now - this.#kept < CHECKPOINT_EVERY) return
    this.#kept = now
    const { reporter, steps } = this.#parts
    const files = new Map([...this.#made].map(([path, data]) => [DONE + path, data]))
    reporter.checkpoint(files, overall(this.#done + extra, 0, steps.length))
  }

  /** What the command itself keeps in /ckpt, when it has changed. */
  #look(): void {
    const { usage, reporter, config, folders, steps } = this.#parts
    const { memoryBytes } = usage()
    reporter.check()
    if (memoryBytes > config.memoryBytes + OVERHEAD)
      throw new LimitReached('memory', `the task used more than ${config.memoryBytes} bytes of memory`)
    if (steps.some(s => s.makes !== undefined) || performance.now() - this.#kept < CHECKPOINT_EVERY) return
    const seen = signature(folders.checkpoint, FILES_MAX)
    if (seen === undefined || seen === this.#seen) return
    this.#seen = seen
    this.#kept = performance.now()
    const files = readTree(folders.checkpoint, { maxFiles: FILES_MAX, maxBytes: config.outputBytes })
    for (const path of files.keys()) if (path.endsWith('.tmp')) files.delete(path)
    reporter.checkpoint(files, overall(this.#done, this.#fraction, steps.length))
  }

  async #command(step: CommandStep): Promise<void> {
    const [program = '', ...args] = step.argv
    const child = spawn(program, args, {
      cwd: this.#parts.folders.work,
      env: step.env,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let trouble: Error | undefined
    const guarded = (work: () => void): void => {
      try {
        if (trouble === undefined) work()
      } catch (e) {
        trouble = e instanceof Error ? e : new Error(String(e))
        child.kill('SIGKILL')
      }
    }
    const lines = this.#listen(child, step, guarded)
    const timer = setInterval(() => guarded(() => this.#look()), LOOK_EVERY)
    const end = await new Promise<{ code: number | null; why: string }>(done => {
      child.once('error', e => done({ code: null, why: e.message }))
      child.once('close', (code, signal) => done({ code, why: signal ?? `code ${code}` }))
    })
    clearInterval(timer)
    guarded(() => lines.flush())
    guarded(() => this.#look())
    if (trouble !== undefined) throw trouble
    if (end.code !== 0)
      throw new CommandFailed(end.code ?? 137, `${step.title}: ended with ${end.why}${lines.last()}`)
  }

  /** Reads both streams line by line. */
  #listen(child: ChildProcess, step: CommandStep, guarded: (work: () => void) => void) {
    let last = ''
    const sink = {
      log: (stream: 'out' | 'err', text: string): void => {
        const meaning = step.line(stream, text)
        if (meaning.progress !== undefined) this.#tell(meaning.progress, step.title)
        if (meaning.log === undefined) return
        last = meaning.log
        this.#parts.reporter.log(meaning.log, stream)
      },
      progress: (fraction: number, note: string | undefined): void => this.#tell(fraction, note ?? step.title)
    }
    // what is passed on is counted by the reporter
    const budget = new LogBudget(Number.MAX_SAFE_INTEGER)
    const out = new OutputLines('out', budget, sink)
    const err = new OutputLines('err', budget, sink)
    child.stdout?.on('data', (part: Uint8Array) => guarded(() => out.write(part)))
    child.stderr?.on('data', (part: Uint8Array) => guarded(() => err.write(part)))
    return {
      flush: () => {
        out.flush()
        err.flush()
      },
      last: () => (last === '' ? '' : ` (${last.slice(0, 200)})`)
    }
  }
}

/** The supervisor itself: about 60 MiB of Node, and the results that it holds. */
const OVERHEAD = 192 * 1024 * 1024
