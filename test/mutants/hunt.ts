/** One bug at a time: planted, looked for by its suites in turn, taken out again. */
import type { TreeCopy } from './copy.ts'
import type { Mutant } from './mutant.ts'
import { runSuite } from './run-suite.ts'
import { keyOf, suitesFor, type Suite } from './suites.ts'

export interface Finding {
  readonly id: string
  readonly means: string
  readonly file: string
  /** Undefined when no suite noticed. */
  readonly caught?: { readonly suite: string; readonly test: string }
  /** Suites that ran with the bug in place and passed. */
  readonly missedBy: readonly string[]
  /** The bug cannot be planted, or nothing loads with it: the list is wrong. */
  readonly problem?: string
  readonly seconds: number
}

export interface HuntOptions {
  /** Factor on every time limit. */
  readonly patience: number
  readonly signal: AbortSignal
  /** Suites that passed without any bug, by key. */
  readonly clean: Set<string>
  /** Only the named files, nothing wider. */
  readonly narrow: boolean
}

/** Undefined when a suite passes without any bug, at the second try if need be: a busy machine fails tests of time. Asked once of each. */
export async function unclean(copy: TreeCopy, suite: Suite, o: HuntOptions): Promise<string | undefined> {
  if (o.clean.has(keyOf(suite))) return undefined
  let verdict = await runSuite(suite, copy.root, o.patience, o.signal)
  if (verdict.kind !== 'passed') verdict = await runSuite(suite, copy.root, o.patience, o.signal)
  o.signal.throwIfAborted()
  if (verdict.kind !== 'passed')
    return `${suite.name} does not pass without a bug: ${verdict.kind === 'failed' ? `${verdict.test}: ${verdict.why ?? ''}` : verdict.said}`
  o.clean.add(keyOf(suite))
  return undefined
}

type Found = Pick<Finding, 'caught' | 'missedBy' | 'problem'>

async function search(copy: TreeCopy, m: Mutant, o: HuntOptions): Promise<Found> {
  const missedBy: string[] = []
  const suites = suitesFor(m, copy.root).filter(s => !o.narrow || s.files.every(f => m.tests.includes(f)))
  for (const suite of suites) {
    await copy.plant(m)
    const verdict = await runSuite(suite, copy.root, o.patience, o.signal)
    await copy.restore(m)
    o.signal.throwIfAborted()
    if (verdict.kind === 'broken') return { missedBy, problem: `nothing runs with it: ${verdict.said}` }
    if (verdict.kind === 'passed') {
      missedBy.push(`${suite.name} (${suite.files.length} files)`)
      continue
    }
    // a suite that fails anyway has caught nothing
    const problem = await unclean(copy, suite, o)
    if (problem !== undefined) return { missedBy, problem }
    return { missedBy, caught: { suite: suite.name, test: verdict.test } }
  }
  return { missedBy }
}

export async function hunt(copy: TreeCopy, m: Mutant, o: HuntOptions): Promise<Finding> {
  const begun = performance.now()
  const found = await search(copy, m, o).catch(async (e: unknown): Promise<Found> => {
    if (o.signal.aborted) throw e
    return { missedBy: [], problem: e instanceof Error ? e.message : String(e) }
  })
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  return { id: m.id, means: m.means, file: m.file, ...found, seconds }
}
