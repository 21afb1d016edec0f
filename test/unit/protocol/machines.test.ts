import { expect } from 'chai'
import { executionTable, providerTable } from '../../../src/protocol/machines/execution.ts'
import { jobTable } from '../../../src/protocol/machines/job.ts'
import { can, isTerminal, next, type Table } from '../../../src/protocol/machines/machine.ts'
import { thrown } from '../../support/failures.ts'

type AnyTable = Table<string, string>
interface Row {
  readonly name: string
  readonly table: AnyTable
  readonly first: string
  readonly terminal: readonly string[]
}

const rows: readonly Row[] = [
  { name: 'job', table: jobTable, first: 'submitted', terminal: ['settled', 'failed', 'cancelled'] },
  {
    name: 'execution',
    table: executionTable,
    first: 'awarded',
    terminal: ['declined', 'settled', 'refunded', 'cancelled', 'resolved']
  },
  {
    name: 'provider',
    table: providerTable,
    first: 'agreed',
    terminal: ['expired', 'paid', 'refunded', 'cancelled', 'resolved']
  }
]

const eventsOf = (table: AnyTable): string[] => [
  ...new Set(Object.values(table).flatMap(to => Object.keys(to)))
]

/** Every state that can be reached from one. */
function reach(table: AnyTable, from: string): Set<string> {
  const seen = new Set([from])
  for (const state of seen) for (const to of Object.values(table[state] ?? {})) seen.add(to as string)
  return seen
}

for (const { name, table, first, terminal } of rows) {
  describe(`the ${name} machine`, () => {
    const states = Object.keys(table)

    it('can reach every state from the first', () => {
      expect([...reach(table, first)].sort()).to.deep.equal([...states].sort())
    })

    it('can end from every state', () => {
      for (const state of states)
        expect([...reach(table, state)], state).to.satisfy((r: string[]) => r.some(s => terminal.includes(s)))
    })

    it('has exactly the documented terminal states, and no event leads out of them', () => {
      expect(states.filter(s => isTerminal(table, s)).sort()).to.deep.equal([...terminal].sort())
      for (const state of terminal)
        for (const event of eventsOf(table)) thrown(() => next(table, state, event), 'INVALID_TRANSITION')
    })

    it('`can` and `next` agree on every pair, and a refusal names state and event', () => {
      for (const state of states) {
        for (const event of eventsOf(table)) {
          if (can(table, state, event)) {
            expect(states).to.include(next(table, state, event))
          } else {
            const e = thrown(() => next(table, state, event), 'INVALID_TRANSITION')
            expect(e.data).to.deep.equal({ state, event })
          }
        }
      }
    })
  })
}

describe('money in the machines', () => {
  it('an execution whose escrow may be open always follows the chain to its end', () => {
    const closings = ['closed-paid', 'closed-refunded', 'closed-cancelled', 'closed-resolved'] as const
    for (const state of Object.keys(executionTable) as (keyof typeof executionTable)[]) {
      if (isTerminal(executionTable, state) || state === 'awarded') continue
      for (const closing of closings)
        expect(can(executionTable, state, closing), `${state} ${closing}`).to.equal(true)
    }
    for (const state of Object.keys(providerTable) as (keyof typeof providerTable)[]) {
      if (isTerminal(providerTable, state)) continue
      for (const closing of closings)
        expect(can(providerTable, state, closing), `${state} ${closing}`).to.equal(true)
    }
  })

  it('nothing is accepted that was not delivered, and nothing paid for is taken back', () => {
    for (const [from, to] of Object.entries(executionTable)) {
      if (Object.values(to).includes('accepted')) expect(from).to.equal('delivered')
    }
    expect(can(executionTable, 'accepted', 'lose')).to.equal(false)
    expect(can(executionTable, 'accepted', 'dispute')).to.equal(false)
  })

  it('a result that comes after its lease is looked at all the same', () => {
    expect(next(executionTable, 'lost', 'deliver')).to.equal('delivered')
    expect(can(executionTable, 'delivered', 'accept')).to.equal(true)
  })

  it('a job is never settled before its result was gathered; to cancel it after that ends the wait, and takes nothing back', () => {
    expect(
      Object.entries(jobTable)
        .filter(([, to]) => Object.values(to).includes('settled'))
        .map(([s]) => s)
    ).to.deep.equal(['settling'])
    expect(
      Object.entries(jobTable)
        .filter(([, to]) => Object.values(to).includes('settling'))
        .map(([s]) => s)
    ).to.deep.equal(['gathering'])
    expect(next(jobTable, 'settling', 'cancel')).to.equal('settled')
  })

  it('its owner and time each have a way out of every state of a job that waits', () => {
    for (const state of ['submitted', 'running', 'gathering', 'settling'] as const)
      expect(can(jobTable, state, 'cancel'), state).to.equal(true)
    for (const state of ['submitted', 'running', 'gathering'] as const)
      expect(can(jobTable, state, 'fail'), state).to.equal(true)
    for (const state of ['settling', 'failing', 'cancelling'] as const)
      expect(can(jobTable, state, 'leave'), state).to.equal(true)
  })
})
