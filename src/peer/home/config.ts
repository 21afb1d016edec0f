/** The peer's configuration: defaults < config.yaml < environment < flags. What is wrong is blamed on the layer that said it. */
import type { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { describeIssue, worst } from '../jobfile/issues.ts'
import { isBlank, readSource, type Source, type Tree } from '../jobfile/source.ts'
import { configSchema, type Config, type ConfigInput } from './config-schema.ts'

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

/** A number as text when it is none, so that the schema refuses it: an empty variable is no port 0. */
const numeric = (text: string | undefined): number | string | undefined =>
  text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : text

/** Environment variables that set configuration, and the key of each. */
const VARIABLES: Readonly<Record<string, readonly [path: string, read?: (text: string) => unknown]>> = {
  SHOAL_MODE: ['profile'],
  SHOAL_RPC_URL: ['chain.rpcUrl'],
  SHOAL_BOOTSTRAP: ['p2p.bootstrap', text => text.split(',').filter(s => s !== '')],
  SHOAL_LOG: ['log.level'],
  SHOAL_API_PORT: ['api.port', numeric]
}

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
  return Object.entries(VARIABLES).reduce<Tree>((tree, [name, [path, read]]) => {
    const text = env[name]
    if (text === undefined) return tree
    return merge(tree, nested(path.split('.'), read === undefined ? text : read(text)))
  }, {})
}

const has = (tree: unknown, path: readonly string[]): boolean => {
  const [key, ...rest] = path
  if (key === undefined) return true
  return isTree(tree) && tree[key] !== undefined && has(tree[key], rest)
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
  const flag = keyFor(Object.keys(FLAGS), path)
  if (flag !== undefined && has(flags, flag.split('.')))
    return refuse(`${FLAGS[flag]}: ${said}`, `Correct the flag ${FLAGS[flag]}.`)
  const key = keyFor(
    Object.values(VARIABLES).map(([p]) => p),
    path
  )
  const variable = Object.keys(VARIABLES).find(
    name => VARIABLES[name]?.[0] === key && env[name] !== undefined
  )
  if (variable !== undefined)
    return refuse(`${variable}: ${said}`, `Correct the environment variable ${variable}, or unset it.`)
  if (file === undefined) return refuse(`configuration: ${said}`, 'Check the SHOAL_ variables and flags.')
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
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
