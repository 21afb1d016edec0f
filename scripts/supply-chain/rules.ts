/** What the lockfile, the manifest and npm's settings must be like. Pure: each rule gives what is wrong, or nothing. */
import { installed, type Project } from './lockfile.ts'

/** A finding is one line that names the package and what to do. */
export type Rule = (p: Project) => string[]

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/
const ALIAS = /^npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** npm must refuse these without anyone's flags (npm 11.10 and later; npm 12's defaults are stricter still). */
const SETTINGS: Readonly<Record<string, string>> = {
  'strict-allow-scripts': 'true',
  'allow-git': 'none',
  'allow-remote': 'none'
}
/** Days for which others may find a poisoned release before we take it. */
export const MIN_AGE_DAYS = 7

/** Licences that let anyone use, change and redistribute without opening their own code. */
const FREE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
  'WTFPL'
])

/** True for an SPDX expression that can be satisfied with free licences alone. */
export function isFree(expression: string): boolean {
  const words = expression.replace(/[()]/g, '').trim()
  if (/ AND /.test(words)) return words.split(' AND ').every(isFree)
  return words.split(' OR ').some(w => FREE.has(w.trim()))
}

export const exactVersions: Rule = ({ manifest }) =>
  (['dependencies', 'optionalDependencies', 'devDependencies', 'overrides'] as const).flatMap(kind =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !EXACT.test(version) && !ALIAS.test(version))
      .map(([name, version]) => `${kind}: ${name} is ${version}; pin one exact version from the registry`)
  )

export const lockedWhole: Rule = ({ lock }) => [
  ...(lock.lockfileVersion === 3 ? [] : [`lockfile version ${lock.lockfileVersion}; write it with npm 11`]),
  ...installed(lock).flatMap(({ name, locked }) => {
    if (locked.link === true) return [`${name} is a link; install it from the registry`]
    if (locked.resolved !== undefined && !/^https:\/\/[^/]+\/.+\.tgz$/.test(locked.resolved))
      return [`${name} comes from ${locked.resolved}; only a registry's packages are allowed`]
    return /^sha512-/.test(locked.integrity ?? '') ? [] : [`${name} has no sha512 in the lockfile`]
  })
]

export const inStep: Rule = ({ manifest, lock }) =>
  (['dependencies', 'optionalDependencies', 'devDependencies'] as const).flatMap(kind => {
    const theirs = lock.packages['']?.[kind] ?? {}
    const names = new Set([...Object.keys(manifest[kind] ?? {}), ...Object.keys(theirs)])
    return [...names]
      .filter(n => manifest[kind]?.[n] !== theirs[n])
      .map(n => `${n}: package.json and lockfile differ; run npm install`)
  })

/**
 * npm's own allow-list can name versions only where the lockfile holds addresses of a registry, which ours must not. So npm lets these
 * packages run scripts by name, and this list, which CI checks, binds each to the version whose scripts were read.
 */
export const REVIEWED: Readonly<Record<string, string>> = {
  'classic-level@3.0.0':
    'node-gyp-build: finds the prebuilt library inside the package; compiles only where there is none',
  'node@22.23.3':
    'has npm install the package of the same version for this platform, which our lockfile does not pin (development only)',
  '@foundry-rs/forge@1.7.1':
    'links the binary of its package for this platform; downloads it only when that package is missing (development only)'
}

export const scriptsAllowed: Rule = ({ manifest, lock }) => {
  const allowed = manifest.allowScripts ?? {}
  const wanted = installed(lock).filter(({ locked }) => locked.hasInstallScript === true)
  const ids = new Set(wanted.map(({ name, locked }) => `${name}@${locked.version ?? ''}`))
  const names = new Set(wanted.map(({ name }) => name))
  return [
    ...[...ids]
      .filter(id => !(id in REVIEWED))
      .map(id => `${id} has install scripts that nobody has read; read them, then add it to REVIEWED`),
    ...Object.keys(REVIEWED)
      .filter(id => !ids.has(id))
      .map(id => `REVIEWED: ${id} is not installed or has no scripts; remove it`),
    ...[...names].filter(n => !(n in allowed)).map(n => `allowScripts lacks ${n}`),
    ...Object.keys(allowed)
      .filter(n => !names.has(n))
      .map(n => `allowScripts: ${n} is not installed or has no scripts; remove it`)
  ]
}

export const settings: Rule = ({ npmrc }) => [
  ...Object.entries(SETTINGS)
    .filter(([k, v]) => npmrc.get(k) !== v)
    .map(([k, v]) => `.npmrc: write ${k}=${v}`),
  ...(Number(npmrc.get('min-release-age') ?? 0) >= MIN_AGE_DAYS
    ? []
    : [`.npmrc: write min-release-age=${MIN_AGE_DAYS}`])
]

/** Packages whose manifest names no licence in today's form, and the one in their licence file. */
const BY_FILE: Readonly<Record<string, string>> = { 'memorystream@0.3.1': 'MIT' }

export const licences: Rule = ({ lock }) =>
  installed(lock)
    .filter(({ name, locked }) => !isFree(locked.license ?? BY_FILE[`${name}@${locked.version ?? ''}`] ?? ''))
    .map(
      ({ name, locked }) =>
        `${name}@${locked.version ?? ''}: licence '${locked.license ?? 'none named'}' is not on the list of free ones`
    )

export const RULES: Readonly<Record<string, Rule>> = {
  'exact versions from the registry': exactVersions,
  'each package locked by sha512': lockedWhole,
  'manifest and lockfile agree': inStep,
  'install scripts allowed by version': scriptsAllowed,
  'npm refuses git, URLs, scripts, new releases': settings,
  'free licences': licences
}
