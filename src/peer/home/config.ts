/** The peer's configuration: defaults < config.yaml < environment < flags. What is wrong is blamed on the layer that said it. */
import type { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { describeIssue, worst } from '../jobfile/issues.ts'
import { isBlank, readSource, type Source, type Tree } from '../jobfile/source.ts'
import { configSchema, type Config, type ConfigInput } from './config-schema.ts'
import { configVariables, valueAt } from './variables.ts'

export type { Config, ConfigInput } from './config-schema.ts'

const isTree = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !Array.isArray(v)

const says = (tree: Tree): boolean =>
  Object.values(tree).some(v => v !== undefined && !(isTree(v) && !says(v)))

/** `over` wins; undefined values do not count. */
function merge(base: Tree, over: Tree): Tree {
  const out: Tree = { ...base }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    // a layer that says nothing inside a key leaves what is there, even when that is wrong
    if (isTree(value) && !says(value)) continue
    const old = out[key]
    out[key] = isTree(old) && isTree(value) ? merge(old, value) : value
  }
  return out
}

type Env = Readonly<Record<string, string | undefined>>

/** Flags of the commands that set configuration, by the key of each. */
const FLAGS: Readonly<Record<string, string>> = {
  profile: '--light',
  'chain.rpcUrl': '--rpc-url',
  'p2p.bootstrap': '--bootstrap',
  'provider.slots': '--slots',
  'provider.ask': '--ask',
  'api.port': '--api-port'
}

const nested = (path: readonly string[], value: unknown): Tree => {
  const [key = '', ...rest] = path
  return { [key]: rest.length === 0 ? value : nested(rest, value) }
}

function fromEnvironment(env: Env): Tree {
  if (!Object.keys(env).some(name => name.startsWith('SHOAL_'))) return {}
  let tree: Tree = {}
  for (const [name, path] of configVariables()) {
    const text = env[name]
    if (text !== undefined) tree = merge(tree, nested(path, valueAt(path, text)))
  }
  return tree
}

/** `KEY=VALUE` of --set as configuration. USAGE when it is not of that form. */
export function fromSettings(items: readonly string[]): Tree {
  return items.reduce<Tree>((tree, item) => {
    const at = item.indexOf('=')
    if (at < 1)
      throw new ShoalError('USAGE', `--set ${item}: write KEY=VALUE`, {
        next: "Example: --set 'provider.policy.hours=22:00-06:00'"
      })
    const path = item.slice(0, at).split('.')
    return merge(tree, nested(path, valueAt(path, item.slice(at + 1))))
  }, {})
}

/** The flags of a command over its --set. */
export const withSettings = (flags: ConfigInput, items: readonly string[] = []): ConfigInput =>
  merge(fromSettings(items), flags)

const has = (tree: unknown, path: readonly string[]): boolean => {
  const [key, ...rest] = path
  if (key === undefined) return true
  if (typeof tree !== 'object' || tree === null || !Object.hasOwn(tree, key)) return false
  const below: unknown = Reflect.get(tree, key)
  return below !== undefined && has(below, rest)
}

/** The key of `known` that a path is or lies below. */
const keyFor = (known: readonly string[], path: readonly string[]): string | undefined =>
  known.find(k => path.join('.') === k || path.join('.').startsWith(`${k}.`))

const refuse = (message: string, next: string): never => {
  throw new ShoalError('CONFIG_INVALID', message, { next })
}

function failConfig(
  issue: z.core.$ZodIssue | undefined,
  file: Source | undefined,
  env: Env,
  flags: Tree
): never {
  const said = describeIssue(issue, configSchema)
  const path = (issue?.path ?? []).map(String)
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const whole = unknown === undefined ? path : [...path, unknown]
  const flag = keyFor(Object.keys(FLAGS), path)
  if (flag !== undefined && has(flags, flag.split('.')))
    return refuse(`${FLAGS[flag]}: ${said}`, `Correct the flag ${FLAGS[flag]}.`)
  if (whole.length > 0 && has(flags, whole))
    return refuse(`--set ${whole.join('.')}: ${said}`, 'Correct the flag --set.')
  const variable = [...configVariables()].find(
    ([name, p]) => env[name] !== undefined && keyFor([p.join('.')], path) !== undefined
  )?.[0]
  if (variable !== undefined)
    return refuse(`${variable}: ${said}`, `Correct the environment variable ${variable}, or unset it.`)
  if (file === undefined) return refuse(`configuration: ${said}`, 'Check the SHOAL_ variables and flags.')
  return file.fail(file.place(path, unknown), said)
}

/** CONFIG_INVALID names file, line and column with a caret, or the variable or flag, and what to write instead. */
export function loadConfig(
  file: { text: string; path: string } | undefined,
  env: Env,
  flags: ConfigInput = {}
): Config {
  const source =
    file === undefined || isBlank(file.text)
      ? undefined
      : readSource(file.text, {
          path: file.path,
          code: 'CONFIG_INVALID',
          expected: 'a configuration is a mapping of keys',
          next: line => `Edit ${file.path} at line ${line}.`
        })
  const tree = merge(merge(source?.tree ?? {}, fromEnvironment(env)), flags)
  const result = configSchema.safeParse(tree, { reportInput: true })
  if (result.success) return result.data
  return failConfig(worst(result.error.issues), source, env, flags)
}
