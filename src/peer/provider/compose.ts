/** The selling side of a peer, wired: it knows its own classes, as compose.ts knows all others. */
import { availableParallelism } from 'node:os'
import { systemGpus } from '../../executor/gpu/adapters/probe.ts'
import { GpuSlots } from '../../executor/gpu/slots.ts'
import type { AdvertBook } from '../advert-book.ts'
import { makeAnswerers } from '../capacity/answerers.ts'
import { makeCapacityRooms, type CapacityRooms } from '../capacity/rooms.ts'
import type { PeerParts } from '../compose.ts'
import type { PeerContext } from '../context.ts'
import type { Config } from '../home/config.ts'
import { systemMachine } from '../policy/adapters/machine.ts'
import { systemRoom } from '../policy/adapters/room.ts'
import { PolicyKeeper } from '../policy/keeper.ts'
import { measureSpeeds } from '../speeds.ts'
import { Advertiser } from './advertiser.ts'
import { Bidder } from './bidder.ts'
import { Capacity } from './capacity.ts'
import { GpuWatch } from './gpu-watch.ts'
import { promisedBy } from './promised.ts'
import { Provider } from './provider.ts'

/** What a provider consists of beside what every peer has. */
export interface Selling {
  readonly flow: Provider
  readonly bidder: Bidder
  readonly capacity: Capacity
  readonly advertiser: Advertiser
  readonly proofs: CapacityRooms
  readonly policy: PolicyKeeper
  readonly gpus: GpuSlots
  readonly watch: GpuWatch
}

const slotsOf = (config: Config): number =>
  config.provider.slots > 0 ? config.provider.slots : Math.max(1, Math.floor(availableParallelism() / 2))

/** The selling side; speeds are measured with the engines that tasks will use. */
export async function makeSelling(
  base: PeerContext,
  adverts: AdvertBook,
  { ports, reload }: PeerParts
): Promise<Selling> {
  const probe = ports?.gpuProbe ?? (ports?.engines === undefined ? systemGpus : undefined)
  const gpus = new GpuSlots({
    ...base,
    probe: probe ?? { look: async () => [] },
    changed: () => advertiser.changed()
  })
  const ctx: PeerContext = { ...base, gpus }
  const speeds = await measureSpeeds(ctx)
  const slots = slotsOf(ctx.config)
  const capacity: Capacity = new Capacity(slots, () => {
    advertiser.changed()
    bidder.reconsider()
  })
  const proofs = makeCapacityRooms(ctx, {
    answerers: ports?.answerers ?? (await makeAnswerers({ ctx, slots, offered: () => policy.provider })),
    busy: () => (capacity.free < capacity.total ? 'working for others' : undefined),
    changed: () => advertiser.changed()
  })
  const attested = () => proofs.attestations.shown()
  const policy: PolicyKeeper = new PolicyKeeper({
    ...ctx,
    ...{ config: ctx.config.provider, reload },
    machine: ports?.machine ?? systemMachine,
    room: ports?.room ?? (ports?.engines === undefined ? systemRoom(ctx.home.root) : undefined),
    promised: () => promisedBy(flow.live),
    running: () => capacity.total - capacity.free,
    gpuTemperature: () => {
      const all = gpus.list().flatMap(({ gpu }) => (gpu.temperature === undefined ? [] : [gpu.temperature]))
      return all.length === 0 ? undefined : Math.max(...all)
    },
    gpuWatts: () => {
      const all = gpus.list().flatMap(({ gpu }) => (gpu.watts === undefined ? [] : [gpu.watts]))
      return all.length === 0 ? undefined : all.reduce((sum, w) => sum + w, 0)
    },
    changed: () => advertiser.changed()
  })
  const advertiser: Advertiser = new Advertiser(ctx, adverts, () => capacity, speeds, attested, policy)
  const bidder: Bidder = new Bidder(ctx, adverts, advertiser, policy)
  const flow: Provider = new Provider(ctx, bidder, capacity, policy)
  const watch = new GpuWatch(ctx.clock, gpus, ctx.log)
  return { flow, bidder, capacity, advertiser, proofs, policy, watch, gpus }
}
