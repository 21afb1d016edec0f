/** How old the locked versions are, by the registry's own dates. Asks once for each package that the manifest names; theirs is the choice of the rest. */
import { installed, type Lockfile } from './lockfile.ts'
import { npm } from './tool.ts'

const DAY_MS = 86_400_000

/** When a version was published, or undefined when the registry does not say. */
function publishedAt(name: string, version: string): number | undefined {
  const { code, out } = npm(['view', `${name}@${version}`, 'time', '--json'], undefined, 30_000)
  if (code !== 0 || out.trim() === '') return undefined
  const time = (JSON.parse(out) as Readonly<Record<string, string>>)[version]
  return time === undefined ? undefined : Date.parse(time)
}

/** Versions of direct dependencies that are younger than `days`, and for how many the registry told no date. */
export function youngVersions(lock: Lockfile, days: number): { young: string[]; unknown: number } {
  const root = lock.packages[''] ?? {}
  const direct = new Set(
    [root.dependencies, root.optionalDependencies, root.devDependencies].flatMap(d => Object.keys(d ?? {}))
  )
  const young: string[] = []
  let unknown = 0
  for (const { name, locked } of installed(lock).filter(i => direct.delete(i.name))) {
    const at = publishedAt(name, locked.version ?? '')
    if (at === undefined) unknown++
    else if (Date.now() - at < days * DAY_MS)
      young.push(`${name}@${locked.version ?? ''} is ${Math.floor((Date.now() - at) / DAY_MS)} days old`)
  }
  return { young, unknown }
}
