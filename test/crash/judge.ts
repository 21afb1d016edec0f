/** Whether a run ended right: by the chain's own logs and balances, by the books of every peer, and by what lies on the disk. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { openLevelStore } from '../../src/peer/adapters/level-store.ts'
import type { ExecutionEntry, JobEntry, ProviderEntry } from '../../src/peer/journal/entries.ts'
import { Journal } from '../../src/peer/journal/journal.ts'
import { isTerminal } from '../../src/protocol/machines/machine.ts'
import { executionTable, providerTable } from '../../src/protocol/machines/execution.ts'
import type { SettlementEvent } from '../../src/protocol/ports/settlement.ts'
import { reads } from '../../src/settlement/reads.ts'
import { reliableRpc } from '../../src/settlement/rpc/reliable.ts'
import { decodeLog } from '../../src/settlement/watch/decode.ts'
import type { SimChain } from '../support/sim/chain.ts'
import { seededRandom } from '../support/sim/random.ts'
import { noLog } from '../support/tasks.ts'
import type { Slots } from './theatre.ts'
import type { Seat, Slot } from './slot.ts'

export interface Verdict {
  /** What is wrong; empty when all is right. */
  readonly problems: readonly string[]
  readonly job: string
  readonly summary: string
  /** Every file of the results with its bytes, as text. */
  readonly results: string
  readonly history: readonly string[]
}

/** Tokens of every party by name, wherever they lie. */
export type Balances = ReadonlyMap<string, bigint>

export async function balances(chain: SimChain, seats: readonly Seat[]): Promise<Balances> {
  const random = seededRandom(1)
  const rpc = reliableRpc({ transport: chain.raw, clock: systemClock, random, log: noLog, patienceMs: 5_000 })
  const read = reads(rpc, chain.network)
  const out = new Map<string, bigint>()
  const all = [...seats.map(s => [s.name, s.operator] as const), ['treasury', chain.treasury] as const]
  for (const [name, address] of all) {
    const a = await read.account(address)
    out.set(name, a.wallet + a.free + a.locked + a.staked)
    out.set(`locked:${name}`, a.locked)
  }
  return out
}

type Closed = Extract<SettlementEvent, { kind: 'closed' }>

async function eventsOf(chain: SimChain): Promise<SettlementEvent[]> {
  const filter = { address: chain.network.escrow, fromBlock: '0x0', toBlock: 'latest' }
  const logs = (await chain.raw.send({ method: 'eth_getLogs', params: [filter] })) as unknown[]
  return logs.flatMap(l => decodeLog(l) ?? [])
}

interface Books {
  readonly jobs: JobEntry[]
  readonly executions: ExecutionEntry[]
  readonly providers: ProviderEntry[]
  readonly transactions: number
  readonly pins: number
  /** The history of every job. */
  readonly history: string[]
}

async function booksOf(slot: Slot): Promise<Books> {
  const store = await openLevelStore(slot.home.journal)
  try {
    const journal = new Journal(store, systemClock)
    const jobs = await journal.jobs()
    const executions = (await Promise.all(jobs.map(j => journal.executions(j.id)))).flat()
    let transactions = 0
    let pins = 0
    // mined ones stay until they are deep
    for await (const [, value] of store.range('tx/'))
      if (!new TextDecoder().decode(value).includes('"minedAt"')) transactions++
    for await (const _ of store.range('content/pin/')) pins++
    const lines = (await Promise.all(jobs.map(j => journal.history(j.id)))).flat()
    const history = lines.map(h => `history: ${h.at % 1_000_000} ${h.what} ${h.detail ?? ''}`)
    return { jobs, executions, providers: await journal.providers(), transactions, pins, history }
  } finally {
    await store.close()
  }
}

/** Files that only an unfinished write leaves. */
async function leftovers(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true }).catch(() => [])
  return all.filter(f => /\.(tmp|partial|new)$/.test(f))
}

async function tree(folder: string): Promise<string> {
  const all = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter(e => e.isFile())
    .map(e => join(e.parentPath, e.name))
    .sort()
  const parts = await Promise.all(
    all.map(async f => `${f.slice(folder.length)}=${await readFile(f, 'latin1')}`)
  )
  return parts.join('\n')
}

export interface Case {
  readonly chain: SimChain
  readonly slots: Slots
  readonly before: Balances
  readonly ended: boolean
  readonly out: string
  /** A call that fails once may cost a pin until the next start; a death may not, as a start follows it. */
  readonly pinsMayStay: boolean
  /** How often a shard may be paid in full. */
  readonly copies: number
  /** What the results must be; undefined in the run that finds it out. */
  readonly expected: string | undefined
}

/** To the unit; by which transaction only where its events could be read. */
const knowsEnd = ({ closing }: ExecutionEntry, end: Closed): boolean =>
  closing !== undefined &&
  (closing.tx === end.txHash || closing.tx === undefined) &&
  closing.outcome === end.outcome &&
  closing.paid === end.paid &&
  closing.fee === end.fee &&
  closing.refunded === end.refunded

function judgeMoney(
  events: SettlementEvent[],
  executions: ExecutionEntry[],
  copies: number,
  say: (p: string) => void
): void {
  const closed = new Map(events.filter((e): e is Closed => e.kind === 'closed').map(e => [e.agreement, e]))
  const known = new Map<string, ExecutionEntry>(executions.map(e => [e.agreementId, e]))
  for (const { agreement } of events.filter(e => e.kind === 'opened')) {
    const [end, entry] = [closed.get(agreement), known.get(agreement)]
    const name = entry === undefined ? agreement : `${entry.shard}/${entry.attempt}`
    if (entry === undefined) say(`escrow ${name} was opened, but its requester does not know it`)
    if (end === undefined) say(`escrow ${name} is not closed`)
    if (entry === undefined || end === undefined) continue
    const [spent, signed] = [end.paid + end.fee, entry.receipt?.receipt.amount ?? 0n]
    if (spent > signed) say(`escrow ${name} paid ${spent}, acknowledged were ${signed}`)
    if (!knowsEnd(entry, end)) say(`execution ${name} does not know how its escrow ended`)
  }
  const full = executions.filter(e => {
    const end = closed.get(e.agreementId)
    return end !== undefined && end.paid + end.fee === e.agreement.price
  })
  const shards = full.map(e => e.shard)
  for (const shard of new Set(executions.map(e => e.shard)))
    if (!executions.some(e => e.shard === shard && e.state === 'settled'))
      say(`nobody was paid for shard ${shard}`)
  if (shards.some(s => shards.filter(t => t === s).length > copies))
    say(`a shard was paid in full too often: ${shards.join(' ')}`)
}

function judgeBalances(c: Case, after: Balances, events: SettlementEvent[], of: Map<string, string>) {
  const problems: string[] = []
  const change = (name: string) => (after.get(name) ?? 0n) - (c.before.get(name) ?? 0n)
  const wanted = new Map<string, bigint>([['treasury', 0n]])
  const add = (name: string, n: bigint) => wanted.set(name, (wanted.get(name) ?? 0n) + n)
  for (const e of events) {
    if (e.kind !== 'closed') continue
    add(of.get(e.agreement) ?? '?', e.paid)
    add('treasury', e.fee)
    add('requester', -(e.paid + e.fee))
  }
  const names = ['requester', 'provider', 'mortal', 'successor', 'treasury']
  for (const name of names) {
    if (change(name) !== (wanted.get(name) ?? 0n))
      problems.push(`${name}: balance changed by ${change(name)}, escrows say ${wanted.get(name) ?? 0n}`)
    if ((after.get(`locked:${name}`) ?? 0n) !== 0n) problems.push(`${name}: money is still locked`)
  }
  const sum = names.reduce((n, name) => n + change(name), 0n)
  if (sum !== 0n) problems.push(`${sum} wei appeared or vanished`)
  return problems
}

export async function judge(c: Case): Promise<Verdict> {
  const problems: string[] = []
  const say = (p: string): void => void problems.push(p)
  const { requester, provider, mortal, successor } = c.slots
  if (!c.ended) say('it did not end in time')
  const books = await booksOf(requester)
  const [job] = books.jobs
  if (books.jobs.length !== 1) say(`${books.jobs.length} jobs in the journal`)
  if (job?.state !== 'settled')
    say(`the job is ${job?.state}: ${job?.failure?.code} ${job?.failure?.message}`)
  for (const e of books.executions)
    if (!isTerminal(executionTable, e.state)) say(`execution ${e.shard}/${e.attempt} is ${e.state}`)
  const events = await eventsOf(c.chain)
  judgeMoney(events, books.executions, c.copies, say)
  const sellers = [provider, mortal, successor]
  const of = new Map<string, string>(
    books.executions.map(e => [
      e.agreementId,
      sellers.find(s => s.seat.peer === e.provider.peer)?.seat.name ?? '?'
    ])
  )
  const seats = Object.values(c.slots).map(s => s.seat)
  for (const p of judgeBalances(c, await balances(c.chain, seats), events, of)) say(p)
  if (books.transactions > 0) say(`${books.transactions} transactions are left in the requester's journal`)
  for (const s of [provider, successor]) {
    const b = await booksOf(s)
    for (const e of b.providers)
      if (!isTerminal(providerTable, e.state)) say(`${s.seat.name}: an execution is ${e.state}`)
    if (b.transactions > 0) say(`${b.transactions} transactions are left in ${s.seat.name}'s journal`)
    const kept = b.providers.filter(e => e.closing?.outcome === 'released').length
    if (b.pins > kept && !c.pinsMayStay) say(`${b.pins} pins are left with ${s.seat.name}`)
  }
  if (books.pins > 0 && !c.pinsMayStay) say(`${books.pins} pins of ended jobs are left`)
  for (const s of [requester, provider, successor])
    for (const f of await leftovers(s.home.root)) say(`${s.seat.name}: half a file is left: ${f}`)
  for (const f of (await readdir(dirname(c.out))).filter(f => f.endsWith('.partial')))
    say(`half a result is left: ${f}`)
  const results = await tree(c.out)
  if (results === '' || results !== (c.expected ?? results)) say('the results are not whole')
  const summary = books.executions
    .map(e => `${e.shard}/${e.attempt} ${e.state} ${e.failure?.code ?? ''}`.trim())
    .join(', ')
  return { problems, job: job?.state ?? 'none', summary, results, history: books.history }
}
