/** A mutant is a good file after all, or it is refused in words, with its place, in time. */
import { loadConfig } from '../../src/peer/home/config.ts'
import { parseJobFile } from '../../src/peer/jobfile/parse.ts'
import { ShoalError } from '../../src/protocol/errors.ts'
import { INTERNALS, LIMIT_MS } from './judge.ts'
import type { Mutant } from './mutate.ts'

export interface Verdict {
  readonly accepted: boolean
  readonly ms: number
  readonly faults: readonly string[]
}

/** The place that a message names is in the file, the line shown is that line, the caret stands below its column. */
function placeFaults(text: string, message: string, path: string): string[] {
  const m = new RegExp(`^${path}:(\\d+):(\\d+) `).exec(message)
  if (m === null) return message.startsWith(`${path} is larger`) ? [] : ['names no place']
  const [line, col] = [Number(m[1]), Number(m[2])]
  const there = text.split('\n')[line - 1]
  if (there === undefined) return [`line ${line} is not in the file`]
  if (col > there.length + 1) return [`column ${col} is not in line ${line}`]
  const [shown = '', caret = ''] = message.split('\n').slice(-2)
  if (!/^ {2,}\^$/.test(caret)) return ['no caret']
  const under = shown[caret.indexOf('^')] ?? ''
  const meant = (there[col - 1] ?? '').replace(/[\u0000-\u001f]/, ' ').replace('\r', '')
  return under.trim() === meant.trim()
    ? []
    : [`the caret stands under ${JSON.stringify(under)}, not ${JSON.stringify(meant)}`]
}

export function judge(m: Mutant, limit = LIMIT_MS): Verdict {
  const path = m.kind === 'job' ? 'job.yaml' : 'config.yaml'
  const begun = performance.now()
  let error: unknown
  try {
    if (m.kind === 'job') parseJobFile(m.text, path)
    else loadConfig({ text: m.text, path }, {})
  } catch (e) {
    error = e
  }
  const ms = performance.now() - begun
  const late = ms > limit ? [`took ${Math.round(ms)} ms`] : []
  if (error === undefined) return { accepted: true, ms, faults: late }
  if (!(error instanceof ShoalError))
    return { accepted: false, ms, faults: [`threw ${String(error).slice(0, 200)}`] }
  const code = m.kind === 'job' ? 'JOB_FILE_INVALID' : 'CONFIG_INVALID'
  const faults = [...late, ...placeFaults(m.text, error.message, path)]
  if (error.code !== code) faults.push(`code ${error.code}`)
  if (error.next === undefined || error.next === '') faults.push('does not say what to do')
  // what the file itself says may be repeated: only our own words are looked at
  const own = error.message.split('\n')[0]?.replace(/'[^']*'|"[^"]*"/g, '') ?? ''
  if (INTERNALS.test(own)) faults.push(`shows internals: ${own.slice(0, 200)}`)
  return { accepted: false, ms, faults }
}
