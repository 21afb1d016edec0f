/** Looks at this machine for what podman needs without root. */
import { accessSync, constants, existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { readText } from '../../adapters/cgroup-files.ts'
import type { RootlessFacts } from '../rootless.ts'

const GROUPS = '/sys/fs/cgroup'
const MAPS = ['/usr/bin/newuidmap', '/usr/bin/newgidmap']

function userName(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid) // without an account
  }
}

/** Version 2 alone has this file at its root; the group must be ours to make others below it. */
function ownControllers(): readonly string[] | undefined {
  if (readText(join(GROUPS, 'cgroup.controllers')) === undefined) return undefined
  const path = /^0::(.*)$/m.exec(readText('/proc/self/cgroup') ?? '')?.[1]
  if (path === undefined) return undefined
  try {
    accessSync(join(GROUPS, path), constants.W_OK)
  } catch {
    return undefined
  }
  return readText(join(GROUPS, path, 'cgroup.controllers'))
    ?.trim()
    .split(' ')
}

export function rootlessFacts(uid: number): RootlessFacts {
  return {
    ...{ uid, user: userName(uid), maps: MAPS.every(existsSync), controllers: ownControllers() },
    subuid: readText('/etc/subuid') ?? '',
    subgid: readText('/etc/subgid') ?? ''
  }
}
