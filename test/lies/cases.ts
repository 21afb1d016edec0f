/** One run: a scene in which somebody lies, played and judged. */
import type { World, MemberOptions } from '../support/world/member.ts'
import type { Unasked } from './channels.ts'
import { lyingSettlement } from './hand.ts'
import { judge } from './judge.ts'
import { scenes, type Scene, type Who } from './scenes.ts'
import { play, type Told } from './stage.ts'
import { lyingNetwork, lyingSeal, Tongue, type Lie } from './tongue.ts'

export interface Case {
  readonly scene: string
  readonly who: Who
  readonly lies: readonly Lie[]
  readonly unasked: readonly Unasked[]
}

export interface Outcome {
  /** What is unfair to somebody who did not lie. */
  readonly faults: readonly string[]
  /** How often something untrue was said or done. */
  readonly told: number
  readonly tongue: Tongue
  readonly lines: readonly string[]
  /** State of the job, and the code of its failure. */
  readonly ended: string
}

export const sceneOf = (name: string): Scene => {
  const found = scenes.find(s => s.name === name)
  if (found === undefined) throw new Error(`no scene ${name}`)
  return found
}

async function endOf({ job, members }: Told): Promise<string> {
  const entry = job === undefined ? undefined : await members.get('requester')?.ctx.journal.job(job)
  return [entry?.state, entry?.failure?.code].filter(x => x !== undefined).join(' ')
}

export async function playCase(c: Case): Promise<Outcome> {
  const scene = sceneOf(c.scene)
  const made: Tongue[] = []
  const options = (world: World): Partial<MemberOptions> => {
    const tongue = new Tongue(world.notary, c.who, world.clock, c.lies)
    made.push(tongue)
    return {
      lenient: true,
      between: plain => lyingNetwork(plain, tongue),
      content: lyingSeal(tongue),
      chain: (plain, stopped) =>
        lyingSettlement(plain, {
          ...{ tongue, ledger: world.ledger, clock: world.clock },
          ...{ unasked: c.unasked, stopped }
        })
    }
  }
  let told: Told | undefined
  try {
    told = await play(scene, { who: c.who, options })
    const faults = await judge(scene, told, c.who)
    const [tongue] = made
    if (tongue === undefined) throw new Error(`${c.who} is not in the scene ${c.scene}`)
    const lines = [...told.members].flatMap(([who, m]) => m.lines.map(l => `${who}: ${l}`))
    return { faults, told: tongue.told, tongue, lines, ended: await endOf(told) }
  } finally {
    await told?.stop()
  }
}

export const describeLie = (l: Lie): string =>
  'path' in l ? `${l.channel} ${l.path.join('.')} ${l.manner}` : `${l.channel} ${l.whole}`

export const describeCase = (c: Case): string =>
  `${c.scene} | ${c.who} | ${[...c.lies.map(describeLie), ...c.unasked].join(' + ')}`
