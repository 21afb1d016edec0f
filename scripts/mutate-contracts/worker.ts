/** A copy of contracts/ in which one fault after another is tried against the forge tests. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { copyContracts, forgeBinary, forgeEnv } from '../forge/forge.ts'
import { applied, type Change } from './operators.ts'

/** Fewer runs, no optimizer, tests that need not be compiled with every fault: a fault shows in a few, most of the time goes into compiling. */
const SETTINGS = `
[profile.mutants]
optimizer = false
dynamic_test_linking = true

[profile.mutants.fuzz]
runs = 64
seed = "0x1"

[profile.mutants.invariant]
runs = 8
depth = 48
fail_on_revert = true
`
/** A fault that makes the tests run longer than this is noticed, too. */
const LONGEST_MS = 240_000

export interface Fault extends Change {
  /** Name of the file in contracts/src. */
  readonly file: string
  readonly line: number
  /** That line, without blanks around it. */
  readonly source: string
}
/** `invalid`: it does not compile, so nobody could deploy it. */
export type Fate =
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'survived' }
  | { readonly kind: 'invalid' }

interface Ran {
  readonly code: number | null
  readonly said: string
}

export class Worker {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'shoal-mutants-'))
  readonly #contracts = copyContracts(this.#folder, SETTINGS)
  #group: number | undefined

  /** Throws when the tests fail without a fault: then nothing would be noticed by them. */
  async prepare(): Promise<void> {
    const { code, said } = await this.#test()
    if (code !== 0) throw new Error(`the tests fail without a fault:\n${said.slice(-4_000)}`)
  }

  async try(f: Fault): Promise<Fate> {
    const file = path.join(this.#contracts, 'src', f.file)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, applied(text, f))
    try {
      const { code, said } = await this.#test()
      if (code === 0) return { kind: 'survived' }
      if (/Compiler run failed|^Error \(\d+\)/m.test(said)) return { kind: 'invalid' }
      const test = /^\[FAIL.*\] (\w+)\(/m.exec(said)?.[1]
      return { kind: 'killed', by: code === null ? 'time' : (test ?? 'the start of the tests') }
    } finally {
      writeFileSync(file, text)
    }
  }

  /** Removes the copy; nothing may run in it. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Ends what runs. */
  kill(): void {
    if (this.#group === undefined) return
    try {
      process.kill(-this.#group, 'SIGKILL')
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e // it has ended by itself
    }
    this.#group = undefined
  }

  /** In a process group of its own, so that the compiler ends with it. */
  async #test(): Promise<Ran> {
    const env = { ...forgeEnv(), FOUNDRY_PROFILE: 'mutants' }
    const child = spawn(forgeBinary(), ['test', '--fail-fast'], { cwd: this.#contracts, env, detached: true })
    this.#group = child.pid
    const timer = setTimeout(() => this.kill(), LONGEST_MS)
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (c: Buffer) => {
        if (said.length < 1 << 22) said += c.toString()
      })
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', resolve)
      })
      return { code, said }
    } finally {
      clearTimeout(timer)
      this.#group = undefined
    }
  }
}
