/** What this peer answers challenges with: the engines that run its tasks, its memory, its disk, its line. */
import { chainMultiplier, findProvider, GPU_PROVIDERS } from '../../executor/capacity/chain.ts'
import { engineMultiplier } from '../../executor/capacity/matmul.ts'
import type { ProviderChoice } from '../../executor/onnx/args.ts'
import { GiB } from '../../protocol/limits.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'
import type { PeerContext } from '../context.ts'
import { Allowance } from './allowance.ts'
import type { Answerer } from './answers/answer.ts'
import { flowAnswerer } from './answers/flow.ts'
import { hoardAnswerer } from './answers/hoard.ts'
import { productAnswerer } from './answers/product.ts'
import { diskHoarder } from './hoards/disk.ts'
import { memoryHoarder } from './hoards/memory.ts'

/** Sent and taken for network challenges: so many bytes an hour, saved up likewise. */
const FLOW_HOUR = GiB / 2
const HOUR_MS = 60 * 60_000

export interface AnswererParts {
  readonly ctx: Pick<PeerContext, 'clock' | 'log' | 'files' | 'home' | 'engines' | 'gpus' | 'stopping'>
  /** Runs at the same time. */
  readonly slots: number
  /** What the owner offers now, bytes. */
  readonly offered: () => { readonly memory: number; readonly disk: number }
  /** Providers that pass for a GPU's: for tests. */
  readonly gpuProviders?: readonly ProviderChoice[]
}

/** The `gpu` kind, when a GPU is there and the engine that runs tasks computes rightly on it. */
async function gpuAnswerer({
  ctx,
  gpuProviders = GPU_PROVIDERS
}: AnswererParts): Promise<Answerer | undefined> {
  const { engines, gpus, stopping, log } = ctx
  const engine = engines.get('onnx')
  if (engine === undefined || gpus === undefined) return undefined
  await gpus.refresh(stopping)
  if (gpus.list().length === 0) return undefined
  const lease = (signal: AbortSignal) => gpus.lease('challenge', 0, signal)
  const { provider, refused } = await findProvider({ engine, lease }, stopping, gpuProviders)
  if (provider !== undefined) return productAnswerer(chainMultiplier({ engine, provider, lease }), true)
  log.warn({ refused }, 'the GPU cannot be shown to others: the ONNX engine does not compute on it')
  return undefined
}

/** By kind; a kind that this machine cannot show is absent. CANCELLED. */
export async function makeAnswerers(parts: AnswererParts): Promise<Map<CapacityKind, Answerer>> {
  const { ctx, slots, offered } = parts
  const { clock, files, home, engines } = ctx
  const memory = memoryHoarder(clock, () => offered().memory)
  const disk = diskHoarder({ clock, files, folder: home.root, max: () => offered().disk })
  const flows = new Allowance(clock, FLOW_HOUR / HOUR_MS, FLOW_HOUR)
  const wasm = engines.get('wasm')
  const gpu = await gpuAnswerer(parts)
  return new Map<CapacityKind, Answerer>([
    ...(wasm === undefined ? [] : [['cpu', productAnswerer(engineMultiplier(wasm, slots), false)] as const]),
    ...(gpu === undefined ? [] : [['gpu', gpu] as const]),
    ['memory', hoardAnswerer(memory, false)],
    ['disk', hoardAnswerer(disk, true)],
    ['network', flowAnswerer(flows)]
  ])
}
