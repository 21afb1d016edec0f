/**
 * `npm run test:lies`: the program's own flows of requester, provider and arbiter in small worlds in memory, where one of them lies: every
 * field of every message, every message left out, late or repeated, and pairs of lies by seed. Fails when somebody who did not lie is harmed,
 * or when a fault that robbed providers before is planted again and not found.
 */
import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { huntPlants, plantTable } from './hunt.ts'
import { plants } from './plants.ts'
import { work, type Found, type Plan, type Report, type Share } from './worker.ts'

const HELP = `usage: npm run test:lies -- [--seconds N] [--jobs N] [--seed N] [--only TEXT] [--most N] [--no-plants] [--plant NAME] [--verbose] [--json]
  --seconds N   how long lies are told (default 600)
  --jobs N      processes (default 2)
  --seed N      of the order of single lies, and of the pairs (default 1)
  --only TEXT   single lies whose description holds the text, such as 'receipt' or '| provider-1 |'
  --most N      so many single lies at most
  --no-plants   do not plant the old faults again
  --plant NAME  only plant this fault, and tell how it is found
  --verbose     name the fields and messages that stand in no scene
  --json        one JSON object instead of the table
  plants: ${plants.map(p => p.id).join(', ')}`

class UsageError extends Error {}
const whole = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} ${text}: write a whole number`)
  return Number(text)
}

export interface Told {
  plan: Plan | undefined
  readonly count: { singles: number; pairs: number; told: number; lies: number }
  readonly found: Found[]
}

/** Tells lies in `jobs` processes until the time is over. */
export async function tellLies(
  share: Omit<Share, 'index' | 'of'>,
  jobs: number,
  script = import.meta.filename,
  onReport: (r: Report) => void = () => undefined
): Promise<Told> {
  const told: Told = { plan: undefined, count: { singles: 0, pairs: 0, told: 0, lies: 0 }, found: [] }
  const hear = (r: Report): void => {
    if (r.kind === 'plan') told.plan ??= r
    if (r.kind === 'found') told.found.push(r)
    if (r.kind === 'tick')
      for (const key of ['singles', 'pairs', 'told', 'lies'] as const) told.count[key] += r[key]
    onReport(r)
  }
  await Promise.all(
    Array.from({ length: jobs }, async (_, index) => {
      const child = fork(script, ['--worker', JSON.stringify({ ...share, index, of: jobs })], {
        execArgv: ['--disable-warning=ExperimentalWarning']
      })
      children.add(child)
      child.on('message', (r: Report) => {
        hear(r)
        if (share.untilFound && r.kind === 'found') for (const c of children) c.kill()
      })
      const [code, signal] = await new Promise<[number | null, string | null]>(resolve =>
        child.on('exit', (c, s) => resolve([c, s]))
      )
      children.delete(child)
      if (code !== 0 && signal === null)
        hear({ kind: 'found', what: 'a worker', faults: [`ended with ${code}`] })
    })
  )
  return told
}
const children = new Set<ReturnType<typeof fork>>()

const progress = (started: number, ms: number) => {
  let [runs, found] = [0, 0]
  return (r: Report): void => {
    if (r.kind === 'found') {
      found++
      console.error(`harmed: ${r.what}\n  ${r.faults.slice(0, 3).join('\n  ')}`)
    }
    if (r.kind === 'tick') runs += r.singles + r.pairs
    if (process.stderr.isTTY) {
      const share = Math.min(100, Math.round((100 * (performance.now() - started)) / ms))
      process.stderr.write(`\r${share} % of the time, ${runs} runs, ${found} harmed `)
    }
  }
}

function summary({ plan, count, found }: Told, seconds: number, seed: number, verbose: boolean): string {
  const rows = [
    ['messages that somebody sends', plan?.messages ?? 0],
    ['fields lied about', plan?.fields ?? 0],
    ['fields in no message of a scene', plan?.untoldFields.length ?? 0],
    ['messages that nobody sends', plan?.untoldChannels.length ?? 0],
    ['single lies', `${count.singles} of ${plan?.singles ?? 0}`],
    ['pairs of lies', count.pairs],
    ['runs', count.singles + count.pairs],
    ['runs in which a lie was told', count.told],
    ['lies told', count.lies],
    ['harmed', found.length]
  ]
  const table = rows.map(([name, n]) => `${String(name).padEnd(32)} ${n}`).join('\n')
  const left = !verbose
    ? []
    : [
        ...(plan?.untoldFields ?? []).map(f => `in no message of any scene: ${f}`),
        ...(plan?.untoldChannels ?? []).map(c => `nobody says: ${c}`)
      ]
  return [table, ...left, `${Math.round(seconds)} s, seed ${seed}`].join('\n')
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...{ seconds: { type: 'string', default: '600' }, jobs: { type: 'string', default: '2' } },
      ...{ seed: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
      ...{ most: { type: 'string', default: '1000000' }, plant: { type: 'string' } },
      ...{
        'no-plants': { type: 'boolean' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        worker: { type: 'string' }
      },
      help: { type: 'boolean', short: 'h' }
    }
  })
  if (values.help === true) {
    console.log(HELP)
    return 0
  }
  if (values.worker !== undefined) {
    // whoever asked has gone
    const orphaned = (): never => process.exit(1)
    process.on('disconnect', orphaned)
    await work(
      JSON.parse(values.worker) as Share,
      r => process.send?.(r),
      () => false
    )
    process.off('disconnect', orphaned)
    process.disconnect()
    return 0
  }
  const [seconds, jobs, seed] = [
    whole('seconds', values.seconds),
    whole('jobs', values.jobs),
    whole('seed', values.seed)
  ]
  const started = performance.now()
  const share = {
    seed,
    ms: seconds * 1_000,
    only: values.only,
    first: [],
    untilFound: false,
    most: whole('most', values.most),
    pairs: true
  }
  const told =
    values.plant === undefined
      ? await tellLies(share, jobs, undefined, values.json === true ? undefined : progress(started, share.ms))
      : undefined
  const hunted =
    values['no-plants'] === true || values.only !== '' ? [] : await huntPlants(jobs, tellLies, values.plant)
  const missed = hunted.filter(h => h.found === undefined)
  if (values.json === true) console.log(JSON.stringify({ told, plants: hunted }))
  else {
    if (told !== undefined)
      console.log(summary(told, (performance.now() - started) / 1_000, seed, values.verbose === true))
    if (hunted.length > 0)
      console.log(
        `${plantTable(hunted)}\n${hunted.length - missed.length} of ${hunted.length} planted again are found`
      )
  }
  return (told?.found.length ?? 0) + missed.length > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) {
  const stop = (): never => {
    for (const c of children) c.kill()
    process.exit(130)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    process.exitCode = await main()
  } catch (e) {
    console.error(
      e instanceof UsageError || (e as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
        ? `${(e as Error).message}\n${HELP}`
        : e
    )
    process.exitCode = 2
  }
}
