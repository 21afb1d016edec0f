/**
 * Which lies are told: every field of every message, in every manner, by everybody who sends it; every message left out, late or repeated;
 * every call that nobody asked for; and pairs of them. What a member sends is seen in a run without lies; a lie that would change nothing of
 * it is none.
 */
import { isOpen, channels, unasked, wholes } from './channels.ts'
import { fieldsOf, type Field } from './fields.ts'
import { playCase, type Case } from './cases.ts'
import { changed, manners } from './mutate.ts'
import { scenes, type Scene, type Who } from './scenes.ts'
import type { Lie, Tongue } from './tongue.ts'

const known = new Map<string, readonly Field[]>()
/** All fields that may stand in a message of this channel. */
export function fieldsOn(channel: string): readonly Field[] {
  let fields = known.get(channel)
  const schema = channels.get(channel)
  if (fields === undefined) known.set(channel, (fields = schema === undefined ? [] : fieldsOf(schema)))
  return fields
}

/** Whether the lie has a place in anything that was said. */
function hasPlace(lie: Extract<Lie, { readonly path: unknown }>, { samples, memory }: Tongue): boolean {
  return (samples.get(lie.channel) ?? []).some(said => changed(said, lie, memory, lie.channel) !== said)
}

/** One who may lie in a scene, and all the single lies it can tell there. */
export interface Part {
  readonly scene: Scene
  readonly who: Who
  readonly spoken: readonly string[]
  readonly singles: readonly Case[]
}

/** A dispute makes sense for those who have not paid. */
const UNPAID: readonly Lie[] = ['request:receipt', 'chain:acknowledge'].map(channel => ({
  channel,
  whole: 'dropped'
}))

function* singlesOf(scene: Scene, who: Who, tongue: Tongue): Generator<Case> {
  const of = (lies: readonly Lie[], extra: Case['unasked'] = []): Case => ({
    ...{ scene: scene.name, who, lies, unasked: extra }
  })
  for (const what of unasked) yield of([], [what])
  yield of(UNPAID, ['dispute'])
  for (const channel of scene.about ?? tongue.samples.keys()) {
    for (const whole of wholes) yield of([{ channel, whole }])
    for (const { path, example } of fieldsOn(channel))
      for (const manner of manners) {
        const lie = { channel, path, manner, example }
        if (hasPlace(lie, tongue)) yield of([lie])
      }
  }
}

/** Plays every scene once with each of its liars telling the truth; throws when even that is unfair. */
export async function parts(): Promise<Part[]> {
  const out: Part[] = []
  for (const scene of scenes)
    for (const who of scene.liars) {
      const { faults, tongue, ended } = await playCase({ scene: scene.name, who, lies: [], unasked: [] })
      if (ended !== scene.ends)
        throw new Error(`${scene.name}, nobody lies: ended ${ended}, not ${scene.ends}`)
      if (faults.length > 0) throw new Error(`${scene.name}, nobody lies: ${faults.join('; ')}`)
      out.push({
        scene,
        who,
        spoken: [...tongue.samples.keys()],
        singles: [...singlesOf(scene, who, tongue)]
      })
    }
  return out
}

/** Fields that stand in no message of any scene, by channel, and channels that nobody speaks on. */
export function untold(all: readonly Part[]): { readonly fields: string[]; readonly channels: string[] } {
  const spoken = new Set(all.flatMap(p => p.spoken))
  const told = new Set(
    all.flatMap(p =>
      p.singles.flatMap(c => c.lies.map(l => ('path' in l ? `${l.channel} ${l.path.join('.')}` : '')))
    )
  )
  const every = [...spoken].flatMap(c => fieldsOn(c).map(f => `${c} ${f.path.join('.')}`))
  return {
    fields: every.filter(f => !told.has(f)),
    channels: [...channels.keys()].filter(c => !spoken.has(c) && !isOpen(c))
  }
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = <T>(list: readonly T[], next: () => number): T => list[Math.floor(next() * list.length)] as T

/** The same list in an order that follows from the seed. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const next = numbers(seed)
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}

/** Two lies of one liar. */
export function* pairs(all: readonly Part[], seed: number): Generator<Case> {
  const next = numbers(seed)
  for (;;) {
    const { singles } = pick(all, next)
    const [a, b] = [pick(singles, next), pick(singles, next)]
    yield { ...a, lies: [...a.lies, ...b.lies], unasked: [...new Set([...a.unasked, ...b.unasked])] }
  }
}
