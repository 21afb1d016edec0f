/** One scene, played by the program's own flows, in which one of the members may lie. */
import { parseJobFile } from '../../src/peer/jobfile/parse.ts'
import type { JobId } from '../../src/protocol/ids.ts'
import { EagerClock } from '../support/world/clock.ts'
import { forgetfulEngine, moduleOf, wrongEngine } from '../support/world/engine.ts'
import { Ledger } from '../support/world/ledger.ts'
import { join, type Member, type MemberOptions, type World } from '../support/world/member.ts'
import { addressOf, Notary, peerIdOf } from '../support/world/notary.ts'
import { Cellar } from '../support/world/store.ts'
import { Hub } from '../support/sim/hub.ts'
import type { Scene, Who, Wrong } from './scenes.ts'
import { lyingNetwork, Tongue } from './tongue.ts'

const START = 1_800_000_000_000
export const TOKEN = 10n ** 18n
const PURSE = 1_000n * TOKEN
/** Longest that a story takes, ms of its own time. */
const END_MS = 3 * 3_600_000
/** Longest that all peers take to stop, ms of their time. */
const STOP_MS = 1_800_000

export interface Told {
  readonly world: World
  readonly members: ReadonlyMap<Who, Member>
  readonly job: JobId | undefined
  readonly ended: boolean
  readonly reports: readonly {
    readonly by: Who
    readonly peer: string
    readonly what: string
    readonly bad: boolean
  }[]
  stop(): Promise<void>
}

const jobText = (scene: Scene): string =>
  [
    'name: a',
    'task: { module: a.wasm }',
    'inputs: { in.txt: in.txt }',
    'outputs: [out.txt]',
    'price: { max: 6 }',
    `deadline: ${scene.seconds ?? 60}s`,
    `limits: { gas: ${scene.gas ?? scene.script.pieces.reduce((sum, n) => sum + n, 0) * 2}, wall: ${scene.wall}s }`,
    ...(scene.copies === undefined ? [] : [`verify: { tier: replicas, copies: ${scene.copies} }`])
  ].join('\n')

/** Lets time pass until it has come about; nothing that a liar holds up is waited for without an end. */
async function through<T>(clock: EagerClock, what: string, work: Promise<T>): Promise<T> {
  let over = false
  const watched = work.finally(() => (over = true))
  watched.catch(() => undefined)
  if (!(await clock.run(() => over, clock.now() + STOP_MS))) throw new Error(`never comes about: ${what}`)
  return await watched
}

export async function play(
  scene: Scene,
  liar?: { readonly who: Who; readonly options: (world: World) => Partial<MemberOptions> }
): Promise<Told> {
  const clock = new EagerClock(START)
  const notary = new Notary()
  const hub = new Hub()
  const world: World = {
    ...{ clock, notary, hub, ledger: new Ledger(clock, notary, addressOf('arbiter')) },
    cellar: new Cellar(peer => hub.has(peer))
  }
  const members = new Map<Who, Member>()
  const reports: { by: Who; peer: string; what: string; bad: boolean }[] = []
  const enter = async (who: Who): Promise<void> => {
    world.ledger.fund(addressOf(who), PURSE)
    const role = who === 'requester' || who === 'arbiter' ? who : 'provider'
    const own = liar?.who === who ? liar.options(world) : {}
    const garbled = scene.wrong?.who === who ? wrongOptions(world, scene.wrong) : {}
    const joining = join(world, {
      ...{ name: who, role, config: configOf(role), ...garbled, ...own },
      onReport: (peer, what, bad) => void reports.push({ by: who, peer, what, bad })
    }).then(member => void members.set(who, member))
    await through(clock, `${who} joins`, joining)
  }
  await enter('arbiter')
  for (let i = 1; i <= scene.providers; i++) await enter(`provider-${i}` as Who)
  await enter('requester')
  if (scene.hidden === true) hub.hidden.add(peerIdOf('requester'))
  let job: JobId | undefined
  const requester = members.get('requester') as Member
  await requester.files.write('/job/a.wasm', moduleOf(scene.script))
  await requester.files.write('/job/in.txt', new TextEncoder().encode('input'))
  const begun = clock.now()
  await clock.run(() => false, begun + 5_000)
  const submitted = requester.requester
    .submit(parseJobFile(jobText(scene), 'job.yaml'), { folder: '/job', out: '/out', deliverMargin: 30 })
    .then(entry => (job = entry.id))
    .catch((e: unknown) => void requester.lines.push(`error submit ${String(e)}`))
  for (const e of scene.events ?? []) {
    await clock.run(() => false, begun + 5_000 + e.at * 1_000)
    const gone = members.get(e.who)
    if (e.what === 'leave' && gone !== undefined) await through(clock, `${e.who} leaves`, gone.stop())
    else if (job !== undefined) await through(clock, 'the job is cancelled', requester.requester.cancel(job))
  }
  const idle = (m: Member): boolean => m.requester.live === 0 && (m.provider?.live.length ?? 0) === 0
  const ended = await clock.run(
    () => world.ledger.allClosed && [...members.values()].every(m => idle(m)),
    begun + END_MS
  )
  await through(clock, 'the job is taken', submitted)
  return {
    ...{ world, members, job, ended, reports },
    stop: async () => {
      for (const [who, m] of members) await through(clock, `${who} stops`, m.stop())
    }
  }
}

/** What is wrong with a provider that is no good, beside what a liar says. */
function wrongOptions(world: World, wrong: Wrong): Partial<MemberOptions> {
  const tongue = new Tongue(world.notary, wrong.who, world.clock, wrong.lies ?? [])
  return {
    ...(wrong.nonsense === true ? { engine: wrongEngine } : {}),
    ...(wrong.forgets === true ? { engine: forgetfulEngine } : {}),
    ...(wrong.lies === undefined ? {} : { between: plain => lyingNetwork(plain, tongue) })
  }
}

const configOf = (role: MemberOptions['role']): MemberOptions['config'] => ({
  ...(role === 'requester' ? {} : { provider: { slots: 2 } }),
  ...(role === 'arbiter' ? { arbiter: { enabled: true } } : {})
})
