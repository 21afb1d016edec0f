/** Fuzzes one decoder in one mode, until its time or its number is reached; a finding is made small. */
import { raw } from './formats/raw.ts'
import { again, excess, runOnce, SLOW_MS, type Finding } from './measure.ts'
import { Rng } from './rng.ts'
import type { Decode, Target } from './target.ts'

export type Mode = 'structure' | 'raw'
export const MODES: readonly Mode[] = ['structure', 'raw']

export interface Budget {
  readonly seconds: number
  readonly executions: number
  readonly seed: number
  readonly signal: AbortSignal
}
export interface Caught extends Finding {
  /** The smallest input that was found to do it. */
  readonly input: Uint8Array
  /** Executions before it. */
  readonly after: number
}
export interface Report {
  readonly target: string
  readonly mode: Mode
  readonly executions: number
  readonly accepted: number
  readonly rejected: number
  readonly slowestMs: number
  readonly seconds: number
  readonly findings: readonly Caught[]
}

/** Every so many executions the time is looked at, and the allocation of one is measured. */
const CHECK = 64
const SAMPLE = 2_048
/** Different findings of one decoder that are kept. */
const FINDINGS_MAX = 3
/** Tries and time for making a finding small. */
const SHRINK_TRIES = 600
const SHRINK_MS = 3_000

class Fuzzing {
  readonly #target: Target
  readonly #decode: Decode
  readonly #findings: Caught[] = []
  #executions = 0
  #accepted = 0
  #slowest = 0

  constructor(target: Target, decode: Decode) {
    this.#target = target
    this.#decode = decode
  }

  async run(mode: Mode, budget: Budget, stopAtFirst: boolean): Promise<Report> {
    const rng = new Rng(budget.seed)
    const make = (mode === 'raw' ? raw : this.#target.format).prepare(this.#target.seeds)
    const begun = performance.now()
    const end = begun + budget.seconds * 1000
    while (this.#executions < budget.executions && !budget.signal.aborted) {
      if (this.#executions % CHECK === 0 && performance.now() > end) break
      let bytes = make(rng)
      if (bytes.length > this.#target.max) bytes = bytes.subarray(0, this.#target.max)
      await this.#try(bytes)
      if (this.#findings.length >= (stopAtFirst ? 1 : FINDINGS_MAX)) break
      // lets Ctrl-C and others in
      if (this.#executions % 50_000 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    return {
      target: this.#target.name,
      mode,
      executions: this.#executions,
      accepted: this.#accepted,
      rejected: this.#executions - this.#accepted,
      slowestMs: this.#slowest,
      seconds: (performance.now() - begun) / 1000,
      findings: this.#findings
    }
  }

  async #try(bytes: Uint8Array): Promise<void> {
    const result = runOnce(this.#target, this.#decode, bytes)
    const ran = result instanceof Promise ? await result : result
    this.#executions++
    if (ran.accepted) this.#accepted++
    if (ran.finding !== undefined) return await this.#caught(ran.finding, bytes)
    if (ran.ms > SLOW_MS) {
      const ms = await again(this.#target, this.#decode, bytes)
      this.#slowest = Math.max(this.#slowest, ms)
      if (ms > SLOW_MS)
        return await this.#caught({ kind: 'slow', message: `took ${ms.toFixed(1)} ms` }, bytes)
    } else if (ran.ms > this.#slowest) this.#slowest = ran.ms
    if (!this.#target.wire || this.#executions % SAMPLE !== 0) return
    const message = await excess(this.#target, this.#decode, bytes)
    if (message !== undefined) await this.#caught({ kind: 'allocation', message }, bytes)
  }

  async #caught(finding: Finding, bytes: Uint8Array): Promise<void> {
    const known = this.#findings.some(
      f => f.kind === finding.kind && (f.kind !== 'uncaught' || f.message === finding.message)
    )
    if (known) return
    const input = finding.kind === 'uncaught' ? await this.#shrink(finding, bytes) : bytes.slice()
    this.#findings.push({ ...finding, input, after: this.#executions })
  }

  async #still(finding: Finding, bytes: Uint8Array): Promise<boolean> {
    const { finding: found } = await runOnce(this.#target, this.#decode, bytes)
    return found !== undefined && found.message.split(':')[0] === finding.message.split(':')[0]
  }

  /** Takes out pieces, from halves down to single bytes, as long as the same kind of error comes. */
  async #shrink(finding: Finding, bytes: Uint8Array): Promise<Uint8Array> {
    let best = bytes.slice()
    const end = performance.now() + SHRINK_MS
    let tries = 0
    for (let size = best.length >> 1; size >= 1; size >>= 1)
      for (let at = 0; at + size <= best.length;) {
        if (++tries > SHRINK_TRIES || performance.now() > end) return best
        const less = new Uint8Array(best.length - size)
        less.set(best.subarray(0, at))
        less.set(best.subarray(at + size), at)
        if (await this.#still(finding, less)) best = less
        else at += size
      }
    return best
  }
}

/** Every seed must be accepted: a corpus that is refused tests nothing. */
export async function checkSeeds(target: Target): Promise<void> {
  for (const [i, seed] of target.seeds.entries()) {
    const ran = await runOnce(target, target.decode, seed)
    if (!ran.accepted) {
      const said = await Promise.resolve()
        .then(() => target.decode(seed))
        .then(
          () => '',
          (e: unknown) => String(e)
        )
      throw new Error(`seed ${i} of ${target.name} is refused: ${said}`)
    }
  }
}

/** Fuzzes with the program's own decoder, or with the planted fault: then until it is found. */
export async function fuzz(target: Target, mode: Mode, budget: Budget, planted = false): Promise<Report> {
  return await new Fuzzing(target, planted ? target.plant.decode : target.decode).run(mode, budget, planted)
}
