/** Which lies are told: every field of every message in every manner by everybody who sends it, every message left out, late or repeated. */
import type { World, MemberOptions } from '../support/world/member.ts'
import { channels, unasked, wholes, type Unasked } from './channels.ts'
import { fieldsOf, type Field } from './fields.ts'
import { lyingSettlement } from './hand.ts'
import { judge } from './judge.ts'
import { manners } from './mutate.ts'
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
  readonly faults: readonly string[]
  /** How often a lie was told. */
  readonly told: number
  /** What the liar said anything on. */
  readonly spoken: ReadonlySet<string>
  readonly ended: boolean
  readonly lines: readonly string[]
}

const fields = new Map<string, readonly Field[]>()
export function fieldsOn(channel: string): readonly Field[] {
  let known = fields.get(channel)
  const schema = channels.get(channel)
  if (known === undefined) fields.set(channel, (known = schema === undefined ? [] : fieldsOf(schema)))
  return known
}

export const sceneOf = (name: string): Scene => {
  const found = scenes.find(s => s.name === name)
  if (found === undefined) throw new Error(`no scene ${name}`)
  return found
}

export async function playCase(c: Case): Promise<Outcome> {
  const scene = sceneOf(c.scene)
  let tongue: Tongue | undefined
  const options = (world: World): Partial<MemberOptions> => {
    const own = new Tongue(world.notary, c.who, world.clock, c.lies)
    tongue = own
    return {
      lenient: true,
      between: plain => lyingNetwork(plain, own),
      content: lyingSeal(own),
      chain: (plain, stopped) =>
        lyingSettlement(plain, {
          ...{ tongue: own, ledger: world.ledger, notary: world.notary, owner: c.who, clock: world.clock },
          ...{ unasked: c.unasked, stopped }
        })
    }
  }
  let told: Told | undefined
  try {
    told = await play(scene, { who: c.who, options })
    const faults = await judge(scene, told, c.who)
    const lines = [...told.members].flatMap(([who, m]) => m.lines.map(l => `${who}: ${l}`))
    return { faults, told: tongue?.told ?? 0, spoken: tongue?.spoken ?? new Set(), ended: told.ended, lines }
  } finally {
    await told?.stop()
  }
}

/** All lies about single things that somebody in a scene can tell, given on which channels it speaks. */
export function* singles(scene: Scene, who: Who, spoken: ReadonlySet<string>): Generator<Case> {
  const of = (lies: readonly Lie[], extra: readonly Unasked[] = []): Case => ({
    ...{ scene: scene.name, who, lies, unasked: extra }
  })
  for (const what of unasked) yield of([], [what])
  for (const channel of spoken) {
    for (const whole of wholes) yield of([{ channel, whole }])
    for (const { path, optional, example } of fieldsOn(channel))
      for (const manner of manners) {
        if (manner === 'present' && !optional) continue
        yield of([{ channel, path, manner, example }])
      }
  }
}

export const describeCase = (c: Case): string => {
  const said = c.lies.map(l =>
    'path' in l ? `${l.channel} ${l.path.join('.')} ${l.manner}` : `${l.channel} ${l.whole}`
  )
  return `${c.scene} | ${c.who} | ${[...said, ...c.unasked].join(' + ')}`
}
