/**
 * Values that come as text, from the environment or from `--set`: each key of config.yaml has a variable of its own, SHOAL_ and its path
 * in capitals (`provider.policy.idle.load` is SHOAL_PROVIDER_POLICY_IDLE_LOAD), and some have a shorter one instead.
 */
import { parse } from 'yaml'
import { keysAt, leafKind } from '../jobfile/issues.ts'
import { configSchema } from './config-schema.ts'

/** Keys with a shorter name. Two of the long names would mean something else: SHOAL_PROFILE and SHOAL_PASSPHRASE_FILE are the user's. */
const SHORT: Readonly<Record<string, string>> = {
  profile: 'SHOAL_MODE',
  'chain.rpcUrl': 'SHOAL_RPC_URL',
  'p2p.bootstrap': 'SHOAL_BOOTSTRAP',
  'log.level': 'SHOAL_LOG',
  'api.port': 'SHOAL_API_PORT'
}
const NOT_OURS = new Set(['passphraseFile'])

const snake = (key: string): string => key.replace(/[A-Z]/g, c => `_${c}`).toUpperCase()

/** Paths of all keys that hold a value. */
function leaves(path: readonly string[] = []): string[][] {
  const keys = keysAt(configSchema, path)
  return keys.length === 0 ? [[...path]] : keys.flatMap(key => leaves([...path, key]))
}

let known: ReadonlyMap<string, readonly string[]> | undefined

/** Variable to path of its key. */
export function configVariables(): ReadonlyMap<string, readonly string[]> {
  known ??= new Map(
    leaves()
      .filter(path => !NOT_OURS.has(path.join('.')))
      .map(path => [SHORT[path.join('.')] ?? ['SHOAL', ...path.map(snake)].join('_'), path] as const)
  )
  return known
}

function list(text: string): unknown {
  if (/^\s*[[{]/.test(text)) {
    try {
      // every value stays the text that it is: amounts keep their digits, addresses are no numbers
      return parse(text, { schema: 'failsafe', logLevel: 'silent', maxAliasCount: 0 })
    } catch {
      return text // the schema says what it wants instead
    }
  }
  return text
    .split(',')
    .map(s => s.trim())
    .filter(s => s !== '')
}

/**
 * What a text means for the key at a path: lists as `[a, b]` or `a,b`, mappings as `{a: 1}`. Text that is nothing of the kind stays as it
 * is, for the schema to refuse: an empty variable is no port 0.
 */
export function valueAt(path: readonly string[], text: string): unknown {
  const kind = leafKind(configSchema, path)
  if (kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (kind === 'array') return list(text)
  return kind === 'record' && /^\s*\{/.test(text) ? list(text) : text
}
