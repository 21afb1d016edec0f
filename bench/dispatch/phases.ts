/** Where a job's time goes: the moments that requester and provider note of it, and the differences between them. */

/** Lines of a job's history as the API gives them; times in ms since 1970. */
export interface HistoryLine {
  readonly at: number
  readonly what: string
}

/** Marks in the order in which they happen, each with the line of history that notes it. */
const MARKS = [
  ['planned', /^submitted/],
  ['offered', /^round 1:/],
  ['awarded', /: awarded$/],
  ['agreed', /: agreement signed by both$/],
  ['funded', /: escrow open$/],
  ['handed over', /: task handed over$/],
  ['result announced', /: result announced$/],
  ['result fetched', /: result fetched$/],
  ['accepted', /: result accepted$/],
  ['paid', /: escrow accepted$/],
  ['ended', /^every escrow is closed$/]
] as const

export type Mark = (typeof MARKS)[number][0] | 'submitted' | 'first instruction'

/** When each mark was first noted. Throws for a job that missed one: its time would be told wrong. */
export function marksOf(
  history: readonly HistoryLine[],
  submitted: number,
  firstInstruction: number
): Map<Mark, number> {
  const marks = new Map<Mark, number>([
    ['submitted', submitted],
    ['first instruction', firstInstruction]
  ])
  for (const [mark, pattern] of MARKS) {
    const line = history.find(l => pattern.test(l.what))
    if (line === undefined)
      throw new Error(`no "${mark}" in the history: ${history.map(l => l.what).join(' | ')}`)
    marks.set(mark, line.at)
  }
  return marks
}

/** What is reported: from one mark to another. */
export const PHASES: readonly (readonly [string, Mark, Mark])[] = [
  ['read the job file, seal module and input', 'submitted', 'planned'],
  ['look for seats', 'planned', 'offered'],
  ['gossip the offer, collect bids', 'offered', 'awarded'],
  ['agree', 'awarded', 'agreed'],
  ['open the escrow (one transaction)', 'agreed', 'funded'],
  ['hand over (spec sealed, escrow seen)', 'funded', 'handed over'],
  ['fetch, start the engine, compile', 'handed over', 'first instruction'],
  ['run, seal the result, announce it', 'first instruction', 'result announced'],
  ['fetch the result', 'result announced', 'result fetched'],
  ['decide', 'result fetched', 'accepted'],
  ['receipt, close the escrow (one transaction)', 'accepted', 'paid'],
  ['gather, end', 'paid', 'ended']
]

export const SPANS: readonly (readonly [string, Mark, Mark])[] = [
  ['submit to first instruction', 'submitted', 'first instruction'],
  ['result to payment', 'result announced', 'paid'],
  ['submit to result in hand', 'submitted', 'accepted'],
  ['submit to end', 'submitted', 'ended']
]

export const between = (marks: ReadonlyMap<Mark, number>, from: Mark, to: Mark): number =>
  (marks.get(to) ?? NaN) - (marks.get(from) ?? NaN)
