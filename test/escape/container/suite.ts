/** All that is tried on containers: programs, images, and each layer taken away in turn. */
import { which } from '../../../src/executor/adapters/find-sandbox.ts'
import type { Verdict } from '../trial.ts'
import { hostileImages } from './images.ts'
import { tryImage } from './image-trial.ts'
import { containerLayers, escapesContainer, type ContainerLayer } from './layers.ts'
import { containerPrograms } from './programs.ts'
import { attemptContained, openContainerStage, type ContainerStage } from './trial.ts'

/** Containers at a time: most of a trial is waiting for podman. */
const LANES = 3

/** Does all of `items`, so many at a time. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items]
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function withoutLayer(stage: ContainerStage, layer: ContainerLayer): Promise<Verdict> {
  const out = await escapesContainer(stage, layer, true)
  const missed = layer.stops.filter(name => !out.includes(name))
  const ok = missed.length === 0
  return {
    name: `of a container: ${layer.name}`,
    ok,
    said: ok ? `noticed: ${out.join('; ')}` : `not noticed: ${missed.join('; ')}`
  }
}

export type Show = (engine: string, verdict: Verdict) => void

/** `only`: programs and images whose name has it; no layers then. */
export async function tryContainers(show: Show, only?: string): Promise<void> {
  const wanted = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] =>
    only === undefined ? all : all.filter(({ name }) => name.includes(only))
  const stage = await openContainerStage()
  try {
    await inLanes(wanted(containerPrograms()), async p => show('container', await attemptContained(stage, p)))
    await inLanes(wanted(hostileImages), async image => {
      if (image.needs === undefined || which(image.needs) !== undefined)
        show('image', await tryImage(stage, image))
      else console.log(`skipped: the image that ${image.name}: it needs ${image.needs}`)
    })
    if (only !== undefined) return
    for (const layer of containerLayers) show('without', await withoutLayer(stage, layer))
  } finally {
    await stage.close()
  }
}
