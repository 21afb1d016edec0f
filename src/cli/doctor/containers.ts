/** Do containers keep a stranger's program in? Asked only where the owner sells them. */
import { findContainers, testContainers } from '../../executor/container/adapters/open.ts'
import { isMissing } from '../../executor/adapters/find-sandbox.ts'
import type { Config } from '../../peer/home/config.ts'
import type { Clock, Logger } from '../../protocol/ports/index.ts'
import { bad, ok, type Finding } from './check.ts'

const NAME = 'containers'

const silent: Logger = {
  ...{ debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  child: () => silent
}

/** What is missing besides podman itself, which `checkEngines` tells. */
export async function checkContainers({ provider }: Config, clock: Clock): Promise<Finding[]> {
  if (!provider.engines.includes('container')) return []
  const { enabled, images, uploads } = provider.containers
  if (!enabled)
    return [bad(NAME, 'in provider.engines, but not turned on', 'Set provider.containers.enabled: true')]
  if (images.length === 0 && !uploads)
    return [bad(NAME, 'no image is allowed', 'Name some in provider.containers.images, or set uploads: true')]
  const host = await findContainers()
  if (isMissing(host)) return [bad(NAME, host.what, host.next)]
  const failed = await testContainers({ clock, log: silent, host })
  return failed.length === 0
    ? [ok(NAME, 'the self-test passed')]
    : failed.map(what => bad(NAME, what, 'Take container out of provider.engines.'))
}
