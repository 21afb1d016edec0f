/**
 * `npm run check:game`: every order, loss, delay, replay and refusal between a requester, two providers, an arbiter and the escrow, over
 * the program's own tables and decisions. Fails when an honest side can be cheated, or when a wrong rule that is planted is not found.
 */
import { parseArgs } from 'node:util'
import { configs } from './cases.ts'
import { incidents, type Incident } from './incidents.ts'
import { realRules, type Rules } from './model/rules.ts'
import { search, type Searched } from './model/search.ts'
import { plants, type Plant } from './plants.ts'

const HELP = `usage: npm run check:game -- [--max-states N] [--only TEXT] [--plant NAME] [--no-plants] [--json]
  --max-states N   of one game (default 2000000); a game that ends there is shown as not whole
  --only TEXT      only the games whose name holds TEXT
  --plant NAME     play by a wrong rule instead of ours: shows how it is used, exit code 1
  --no-plants      do not look for the planted rules
  --json           one JSON object instead of the tables
  plants: ${plants.map(p => p.name).join(', ')}`

/** A plant is found early or not at all. */
const PLANT_STATES = 100_000

export interface PlantFound {
  readonly plant: string
  readonly what: string
  readonly game: string | undefined
  readonly problem: string | undefined
  readonly steps: number
}
export interface IncidentResult {
  readonly name: string
  readonly ok: boolean
  readonly states: number
  readonly detail: string
}

let stopped = false

export const runGames = (rules: Rules, maxStates: number, only = ''): Searched[] =>
  configs
    .filter(c => c.name.includes(only))
    .map(config => search({ config, rules }, { maxStates, stop: () => stopped }))

/** The first game in which a wrong rule shows. */
export function findPlant(p: Plant, maxStates = PLANT_STATES): PlantFound {
  for (const config of configs) {
    const { found } = search({ config, rules: p.rules }, { maxStates, stop: () => stopped })
    if (found !== undefined)
      return {
        plant: p.name,
        what: p.what,
        game: config.name,
        problem: found.problem,
        steps: found.trace.length
      }
  }
  return { plant: p.name, what: p.what, game: undefined, problem: undefined, steps: 0 }
}

/** An incident is closed when its games hold by our rules and each rule that allowed it is found. */
export function judgeIncident(
  incident: Incident,
  games: readonly Searched[],
  found: readonly PlantFound[]
): IncidentResult {
  const played = games.filter(g => incident.games.includes(g.name))
  const also = incident.also?.()
  const faults = [
    ...played.flatMap(g => (g.found === undefined ? [] : [g.found.problem])),
    ...incident.games.filter(n => !games.some(g => g.name === n)).map(n => `not played: ${n}`),
    ...incident.plants
      .filter(n => found.find(f => f.plant === n)?.game === undefined)
      .map(n => `not found: ${n}`),
    ...(also?.problem === undefined ? [] : [also.problem])
  ]
  return {
    name: incident.name,
    ok: faults.length === 0,
    states: played.reduce((n, g) => n + g.states, 0) + (also?.states ?? 0),
    detail: faults.join('; ')
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const width = (i: number): number => Math.max(...all.map(r => r[i]?.length ?? 0))
  return all
    .map(r =>
      r
        .map((cell, i) =>
          i === 0 || i === head.length - 1 ? cell.padEnd(width(i)) : cell.padStart(width(i))
        )
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

const gameRow = (g: Searched): string[] => [
  g.name,
  String(g.states),
  String(g.transitions),
  String(g.depth),
  g.seconds.toFixed(1),
  g.found !== undefined ? 'BROKEN' : g.complete ? 'holds' : 'holds so far'
]

function show(
  games: readonly Searched[],
  found: readonly PlantFound[],
  cases: readonly IncidentResult[]
): void {
  console.log(table(['game', 'states', 'transitions', 'depth', 's', ''], games.map(gameRow)))
  for (const g of games)
    if (g.found !== undefined) console.log(`\n${g.name}: ${g.found.problem}\n${g.found.trace.join('\n')}`)
  if (cases.length > 0)
    console.log(
      '\n' +
        table(
          ['what happened to others', 'states', ''],
          cases.map(c => [c.name, String(c.states), c.ok ? 'cannot' : c.detail])
        )
    )
  if (found.length > 0)
    console.log(
      '\n' +
        table(
          ['planted rule', 'steps', ''],
          found.map(f => [f.plant, String(f.steps), f.problem ?? 'NOT FOUND'])
        )
    )
}

const whole = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--max-states ${text}: no whole number\n${HELP}`)
  return Number(text)
}

function plantNamed(name: string): Plant {
  const plant = plants.find(p => p.name === name)
  if (plant === undefined) throw new Error(`no plant ${name}\n${HELP}`)
  return plant
}

function main(): number {
  const { values: o } = parseArgs({
    options: {
      'max-states': { type: 'string', default: '2000000' },
      only: { type: 'string', default: '' },
      plant: { type: 'string' },
      'no-plants': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) {
    console.log(HELP)
    return 0
  }
  const begun = performance.now()
  const rules = o.plant === undefined ? realRules : plantNamed(o.plant).rules
  const games = runGames(rules, whole(o['max-states']), o.only)
  if (games.length === 0) throw new Error(`no game '${o.only}'\n${HELP}`)
  const partial = o.plant !== undefined || o.only !== ''
  const found = partial || o['no-plants'] ? [] : plants.map(p => findPlant(p))
  const cases = partial || o['no-plants'] ? [] : incidents.map(i => judgeIncident(i, games, found))
  const states = games.reduce((n, g) => n + g.states, 0)
  const seconds = (performance.now() - begun) / 1000
  const ok =
    games.every(g => g.found === undefined) &&
    found.every(f => f.game !== undefined) &&
    cases.every(c => c.ok)
  if (o.json) console.log(JSON.stringify({ ok, states, seconds, games, incidents: cases, plants: found }))
  else {
    show(games, found, cases)
    console.log(`\n${states} states in ${seconds.toFixed(0)} s: ${ok ? 'no winning cheat' : 'BROKEN'}`)
    if (!ok && o.plant === undefined) console.log('again: npm run check:game -- --only "NAME OF THE GAME"')
  }
  return ok ? 0 : 1
}

if (process.argv[1] === import.meta.filename) {
  process.once('SIGINT', () => {
    stopped = true
  })
  try {
    process.exitCode = main()
  } catch (e) {
    console.error(e instanceof Error ? e.message : String(e))
    process.exitCode = 2
  }
}
