/** What podman would need to keep a stranger's program in without root, and what of it this machine lacks. Pure. */

export interface RootlessFacts {
  readonly user: string
  readonly uid: number
  /** Contents of /etc/subuid and /etc/subgid; empty where there is none. */
  readonly subuid: string
  readonly subgid: string
  /** Whether newuidmap and newgidmap are here. */
  readonly maps: boolean
  /** Controllers of this process's own group of version 2 that it may use; undefined with version 1, or a group of somebody else. */
  readonly controllers: readonly string[] | undefined
}

/** Users of one container: the program runs as 65534. */
const IDS_NEEDED = 65_536
const CONTROLLERS_NEEDED = ['memory', 'pids', 'cpu']

/** subuid(5): lines of NAME:FIRST:COUNT, where the name may be a number. */
const hasRange = (text: string, { user, uid }: RootlessFacts): boolean =>
  text.split('\n').some(line => {
    const [name, , count] = line.split(':')
    return (name === user || name === String(uid)) && Number(count) >= IDS_NEEDED
  })

/** Podman ignores limits of memory and processes without groups of version 2, so that is the first of them. */
export function rootlessGaps(facts: RootlessFacts): readonly string[] {
  const { controllers } = facts
  const missing = CONTROLLERS_NEEDED.filter(name => controllers?.includes(name) !== true)
  return [
    ...(controllers === undefined ? ['process groups of version 2 that belong to this user'] : []),
    ...(controllers !== undefined && missing.length > 0 ? [`the controllers ${missing.join(', ')}`] : []),
    ...(facts.maps ? [] : ['newuidmap and newgidmap (apt-get install uidmap)']),
    ...(hasRange(facts.subuid, facts) ? [] : [`${IDS_NEEDED} numbers for ${facts.user} in /etc/subuid`]),
    ...(hasRange(facts.subgid, facts) ? [] : [`${IDS_NEEDED} numbers for ${facts.user} in /etc/subgid`])
  ]
}
