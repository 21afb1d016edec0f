/** Finds out whether this machine can run containers as they must be run, before anybody is told that it does. */
import { ShoalError } from '../../../protocol/errors.ts'
import type { RunLimits } from '../../../protocol/ports/engine.ts'
import type { Clock, Logger } from '../../../protocol/ports/index.ts'
import { MiB } from '../../../protocol/limits.ts'
import { bundleFromMap, oneChunk } from '../../../protocol/bundle.ts'
import type { Missing } from '../../sandbox/host.ts'
import { ContainerEngine } from '../engine.ts'
import type { ImagePolicy } from '../image.ts'
import { MARK, openIn, probeImage } from '../probe.ts'
import { globals, type OpenLayers } from '../run-command.ts'
import { rootlessGaps } from '../rootless.ts'
import { containerProcesses } from './container-process.ts'
import { strangeIn } from './image-check.ts'
import { sweepFolders } from './job-folder.ts'
import { podman, podmanVersion } from './podman.ts'
import { rootlessFacts } from './rootless-facts.ts'

export interface ContainerHost {
  readonly version: string
}

const INSTALL = 'apt-get install --no-install-recommends podman runc'

/** What a peer without root is told: what podman itself would need here, and that Shoal does not yet run it so. */
function notRoot(uid: number): Missing {
  const gaps = rootlessGaps(rootlessFacts(uid))
  const lacks = gaps.length === 0 ? '' : `; podman without root would need ${gaps.join('; ')}`
  return {
    what: `containers need a peer that runs as root: it mounts a sized folder for each job and limits its group${lacks}`,
    next: 'Run the peer as root, best in a virtual machine of its own, or take container out of provider.engines.'
  }
}

/** What is needed besides the owner's word. */
export async function findContainers(): Promise<ContainerHost | Missing> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return {
      what: 'containers run on Linux and x86-64 alone',
      next: 'Take container out of provider.engines.'
    }
  const uid = process.getuid?.() ?? 0
  if (uid !== 0) return notRoot(uid)
  const version = await podmanVersion()
  return version === undefined ? { what: 'there is no podman', next: INSTALL } : { version }
}

export interface OpenParts {
  readonly clock: Clock
  readonly log: Logger
  readonly host: ContainerHost
  readonly policy: ImagePolicy
  readonly gpu: boolean
}

const PROBE_LIMITS: RunLimits = {
  gas: 60_000_000_000n,
  memoryBytes: 64 * MiB,
  wallMs: 60_000,
  outputBytes: MiB,
  logBytes: 65_536,
  moduleBytes: MiB,
  inputBytes: MiB
}

/** Names of what does not hold; empty when all does. `without`: for tests, which see that it notices. */
export async function testContainers(
  { clock, log, host }: Omit<OpenParts, 'policy' | 'gpu'>,
  without: OpenLayers = {}
): Promise<string[]> {
  const process = containerProcesses('x64', without)
  const engine = new ContainerEngine({
    ...{ clock, log, process, version: host.version },
    policy: { images: [], uploads: true }
  })
  const { signal } = new AbortController()
  const empty = { args: [], env: {}, shard: 0, shards: 1, seed: new Uint8Array(32) }
  const input = oneChunk(bundleFromMap(new Map()))
  try {
    const run = await engine.prepare({ ...empty, module: probeImage(), limits: PROBE_LIMITS, input }, signal)
    try {
      const hooks = {
        onProgress: () => undefined,
        onLog: () => undefined,
        onCheckpoint: async () => undefined
      }
      const end = await run.run(hooks, signal)
      if (end.status === 'failed') {
        const open = openIn(end.exitCode)
        return open.length > 0 && end.exitCode < 128 ? open : [end.reason]
      }
      if (end.status === 'limit') return [end.reason]
      let written = false
      for await (const part of run.collect()) written ||= Buffer.from(part).includes(MARK)
      return [
        ...(written ? [] : ['not true: what it writes in /out comes back']),
        ...(end.gas > 0n ? [] : ['not true: its processor time is counted'])
      ]
    } finally {
      await run.dispose()
    }
  } catch (e) {
    return [e instanceof Error ? e.message : String(e)]
  }
}

/** Images of the list that are not in the owner's store. */
async function absent(images: readonly string[]): Promise<string[]> {
  const gone: string[] = []
  for (const image of images)
    if ((await podman([...globals({}), 'image', 'exists', image])).code !== 0) gone.push(image)
  return gone
}

/** An image of the owner is a stranger's work too. */
async function checkImages(images: readonly string[]): Promise<void> {
  for (const image of images) {
    const strange = await strangeIn({}, image)
    if (strange !== undefined)
      throw new ShoalError('ENGINE_BROKEN', `provider.containers.images: ${image} has ${strange}.`, {
        next: 'Take it out of the list: it reaches for what is outside of its container.'
      })
  }
}

/**
 * ENGINE_MISSING for an image of the list that is not here, or when nothing is allowed; ENGINE_BROKEN when a container does not hold, or
 * an image reaches out of it.
 */
export async function openContainers(parts: OpenParts): Promise<ContainerEngine> {
  const { clock, log, host, policy, gpu } = parts
  if (policy.images.length === 0 && !policy.uploads)
    throw new ShoalError('ENGINE_MISSING', 'provider.containers allows no image.', {
      next: 'Name images in provider.containers.images (podman images --digests tells them), or set provider.containers.uploads.'
    })
  await sweepFolders()
  const [gone] = await absent(policy.images)
  if (gone !== undefined)
    throw new ShoalError('ENGINE_MISSING', `provider.containers.images names ${gone}, which is not here.`, {
      next: `podman pull ${gone}`
    })
  await checkImages(policy.images)
  const failed = await testContainers(parts)
  if (failed.length > 0)
    throw new ShoalError('ENGINE_BROKEN', `A container of this machine does not hold: ${failed.join('; ')}`, {
      next: 'Take container out of provider.engines, or look at what podman says.'
    })
  return new ContainerEngine({
    clock,
    log,
    process: containerProcesses('x64'),
    version: host.version,
    policy,
    gpu
  })
}
