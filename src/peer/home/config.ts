/** The peer's configuration: defaults < config.yaml < environment < flags. One schema for the file, the docs and the API. */
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { MiB } from '../../protocol/limits.ts'
import { parseAmount } from '../../protocol/money.ts'
import { nodeClass } from '../../protocol/records/advert.ts'
import { parseDuration, parseSize } from '../../protocol/units.ts'
import { describeIssue, worst } from '../jobfile/issues.ts'

const parsed = <T>(inner: z.ZodType<string | number>, parse: (s: string) => T) =>
  inner.transform((value, context): T => {
    try {
      return parse(String(value))
    } catch (e) {
      context.addIssue({ code: 'custom', message: (e as Error).message })
      return z.NEVER
    }
  })
export const sizeText = parsed(z.union([z.string(), z.number()]), parseSize)
export const durationText = parsed(z.string(), parseDuration)
export const amountText = parsed(z.union([z.string(), z.number()]), parseAmount)

export const configSchema = z.strictObject({
  /** `full` sells and serves; `light` only buys, listens on nothing. */
  profile: z.enum(['full', 'light']).default('full'),
  chain: z
    .strictObject({
      /** JSON-RPC address of an EVM chain; without it a full peer starts an embedded one. */
      rpcUrl: z.url({ protocol: /^https?$/ }).optional(),
      /** How often the chain is asked for news. */
      poll: durationText.prefault('500ms'),
      /** Port of the embedded chain when this peer serves it; 0 = any. */
      port: z.number().int().min(0).max(65535).default(0)
    })
    .prefault({}),
  p2p: z
    .strictObject({
      listen: z
        .array(z.string().startsWith('/'))
        .max(16)
        .default(['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']),
      announce: z.array(z.string().startsWith('/')).max(16).default([]),
      bootstrap: z.array(z.string().startsWith('/')).max(64).default([]),
      mdns: z.boolean().default(false)
    })
    .prefault({}),
  api: z.strictObject({ port: z.number().int().min(0).max(65535).default(0) }).prefault({}),
  provider: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Executions at the same time; 0 = half of the cores, at least one. */
      slots: z.number().int().min(0).max(4096).default(0),
      /** Ask per 10^9 units of gas. */
      ask: amountText.prefault('0.0002'),
      memory: sizeText.prefault('1GiB'),
      disk: sizeText.prefault('2GiB'),
      class: nodeClass.default('general'),
      region: z.string().max(64).default('unknown'),
      energy: z.enum(['unknown', 'grid', 'renewable']).default('unknown'),
      engines: z.array(z.enum(['wasm'])).default(['wasm']),
      /** Bond offered with every agreement. */
      bond: amountText.prefault('0.01'),
      /** Arbiters that this provider accepts besides the network's own. */
      arbiters: z
        .array(z.string().regex(/^0x[0-9a-fA-F]{40}$/))
        .max(16)
        .default([]),
      /** Where pay is credited; the operator's own address when absent. */
      beneficiary: z
        .string()
        .regex(/^0x[0-9a-fA-F]{40}$/)
        .optional()
    })
    .prefault({}),
  /** Silence of a provider after which an execution is offered again. */
  lease: durationText.prefault('6s'),
  /** File whose first line is the passphrase, for unattended peers. */
  passphraseFile: z.string().optional(),
  wallet: z
    .strictObject({
      /** Kept free in the vault: topped up from the wallet when the peer starts. */
      autoDeposit: amountText.prefault('0')
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
  /** Largest input of one job that this peer will seal or open. */
  maxInput: sizeText.prefault(String(512 * MiB))
})
export type Config = z.output<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>

type Tree = { [key: string]: unknown }
const isTree = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !Array.isArray(v)

/** `over` wins; undefined values do not count. */
function merge(base: Tree, over: Tree): Tree {
  const out: Tree = { ...base }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    const old = out[key]
    out[key] = isTree(old) && isTree(value) ? merge(old, value) : value
  }
  return out
}

/** Environment variables that set configuration. */
function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Tree {
  return {
    profile: env['SHOAL_PROFILE'],
    chain: { rpcUrl: env['SHOAL_RPC_URL'] },
    p2p: { bootstrap: env['SHOAL_BOOTSTRAP']?.split(',').filter(s => s !== '') },
    log: { level: env['SHOAL_LOG'] },
    api: { port: env['SHOAL_API_PORT'] === undefined ? undefined : Number(env['SHOAL_API_PORT']) }
  }
}

/** CONFIG_INVALID names file, line and what to write instead. */
export function loadConfig(
  file: { text: string; path: string } | undefined,
  env: Readonly<Record<string, string | undefined>>,
  flags: ConfigInput = {}
): Config {
  const lines = new LineCounter()
  const document =
    file === undefined ? undefined : parseDocument(file.text, { lineCounter: lines, logLevel: 'error' })
  const broken = document?.errors[0]
  if (file !== undefined && broken !== undefined) {
    const at = lines.linePos(broken.pos[0])
    throw new ShoalError(
      'CONFIG_INVALID',
      `${file.path}:${at.line}:${at.col} ${broken.message.split('\n')[0]}`,
      { next: 'Mend the YAML.' }
    )
  }
  let fromFile: unknown
  try {
    fromFile = document?.toJS({ maxAliasCount: 16 }) ?? {}
  } catch (cause) {
    const message = `${file?.path}: ${(cause as Error).message}`
    throw new ShoalError('CONFIG_INVALID', message, { next: 'Mend the YAML.', cause })
  }
  if (!isTree(fromFile))
    throw new ShoalError('CONFIG_INVALID', `${file?.path}: expected a mapping of keys`, {
      next: 'Mend the YAML.'
    })
  const result = configSchema.safeParse(merge(merge(fromFile, fromEnvironment(env)), flags), {
    reportInput: true
  })
  if (result.success) return result.data
  const issue = worst(result.error.issues)
  const where = file === undefined ? 'configuration' : file.path
  throw new ShoalError('CONFIG_INVALID', `${where}: ${describeIssue(issue, configSchema)}`, {
    next: file === undefined ? 'Check the SHOAL_ variables and flags.' : `Edit ${file.path}.`
  })
}
