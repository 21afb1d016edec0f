/** What a peer's configuration may say, with all defaults. One schema for the file, the docs and the API. */
import { z } from 'zod'
import { IMAGE_NAME } from '../../executor/container/image.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MiB } from '../../protocol/limits.ts'
import { parseAmount } from '../../protocol/money.ts'
import { nodeClass } from '../../protocol/records/advert.ts'
import { IMAGES_MAX } from '../../protocol/records/container.ts'
import { parseHours } from '../policy/hours.ts'
import { parseDuration, parseGasPrice, parseSize } from '../../protocol/units.ts'

const parsed = <V extends string | number, T>(inner: z.ZodType<V>, parse: (value: V) => T) =>
  inner.transform((value, context): T => {
    try {
      return parse(value)
    } catch (e) {
      context.addIssue({ code: 'custom', message: (e as Error).message })
      return z.NEVER
    }
  })
export const sizeText = parsed(z.union([z.string(), z.number()]), parseSize)
export const durationText = parsed(z.string(), parseDuration)
const gasPriceText = parsed(z.union([z.string(), z.number()]), parseGasPrice)
export const amountText = parsed(z.union([z.string(), z.number()]), value => parseAmount(String(value)))

const hoursText = parsed(z.string(), parseHours)
const operator = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'write an address: 0x and 40 hex digits')
const zone = parsed(z.string().max(64), value => {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: value })
  } catch {
    throw new ShoalError('USAGE', 'write a time zone such as Europe/Berlin')
  }
  return value
})

/** When, for whom and with what this peer works; read again while it runs. */
const policySchema = z
  .strictObject({
    /** Windows such as `22:00-06:00` or `mon-fri 18:00-08:00`; none = always. */
    hours: z.array(hoursText).max(32).default([]),
    /** Of the hours; the machine's own when absent. */
    timeZone: zone.optional(),
    /** Only while others leave the machine alone. */
    idle: z
      .strictObject({
        /** Highest load of a core by others, such as 0.5. */
        load: z.number().positive().max(1_000).optional(),
        /** How long nobody may have used it. */
        user: durationText.optional()
      })
      .prefault({}),
    /** `ac`: never on battery. */
    power: z.enum(['any', 'ac']).default('any'),
    /** Highest, degrees Celsius. */
    temperature: z
      .strictObject({
        cpu: z.number().min(1).max(150).optional(),
        gpu: z.number().min(1).max(150).optional()
      })
      .prefault({}),
    /** Highest draw of all GPUs together, watts; above it nothing new is taken. */
    watts: z.strictObject({ gpu: z.number().positive().max(1_000_000).optional() }).prefault({}),
    /** Engines on offer; all that this peer has when absent. */
    engines: z.array(z.string().max(32)).max(8).optional(),
    /** Operators that get in; everybody when absent. */
    allow: z.array(operator).max(1_024).optional(),
    /** Operators that do not. */
    deny: z.array(operator).max(1_024).default([]),
    /** Asks of single engines, per 10^9 units; `provider.ask` for the others. */
    asks: z.record(z.string().max(32), amountText).default({})
  })
  .prefault({})

const rpcUrl = z.url({ protocol: /^https?$/, error: 'write an address such as http://127.0.0.1:8545' })
const multiaddr = z.string().startsWith('/', 'write a multiaddr such as /ip4/127.0.0.1/tcp/4001')

export const configSchema = z.strictObject({
  /** `full` sells and serves; `light` only buys, listens on nothing. */
  profile: z.enum(['full', 'light']).default('full'),
  chain: z
    .strictObject({
      /** JSON-RPC address of an EVM chain; without it a full peer starts an embedded one. */
      rpcUrl: rpcUrl.optional(),
      /** Further addresses of the same chain, asked in this order when those before do not answer. */
      fallbackUrls: z.array(rpcUrl).max(8).default([]),
      /** How often the chain is asked for news. */
      poll: durationText.prefault('500ms'),
      /**
       * Highest price of a unit of gas, in gwei: above it transactions wait. Twenty times what gas usually costs when absent, from 1 to 500
       * gwei.
       */
      maxFee: gasPriceText.optional(),
      /** Blocks on top of an opened escrow before its work begins; what network.json says when absent, else 2. */
      confirmations: z.number().int().min(0).max(1_000).optional(),
      /** Port of the embedded chain when this peer serves it; 0 = any. */
      port: z.number().int().min(0).max(65535).default(0)
    })
    .prefault({}),
  p2p: z
    .strictObject({
      listen: z.array(multiaddr).max(16).default(['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']),
      announce: z.array(multiaddr).max(16).default([]),
      bootstrap: z.array(multiaddr).max(64).default([]),
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
      policy: policySchema,
      memory: sizeText.prefault('1GiB'),
      disk: sizeText.prefault('2GiB'),
      /** Kept back of what is free now; below it less is on offer, then nothing. */
      reserve: z
        .strictObject({
          memory: sizeText.prefault('256MiB'),
          disk: sizeText.prefault('512MiB'),
          /** Files and sockets that this process may still open. */
          descriptors: z.number().int().min(0).max(1_000_000).default(128)
        })
        .prefault({}),
      /** Lowers the classes that others have proven of this peer; nothing raises them. `storage`: no computing. */
      class: nodeClass.optional(),
      /** Mean time between two challenges of other providers' capacity, whose answers we attest; 0s = none. */
      challenges: durationText.prefault('45m'),
      region: z.string().max(64).default('unknown'),
      energy: z.enum(['unknown', 'grid', 'renewable']).default('unknown'),
      engines: z.array(z.enum(['wasm', 'onnx', 'blender', 'container'])).default(['wasm']),
      /** Strangers' native programs, in containers of podman; `container` in `engines` needs it. */
      containers: z
        .strictObject({
          enabled: z.boolean().default(false),
          /** What they may run, of the owner's own store. */
          images: z
            .array(z.string().regex(IMAGE_NAME, 'write a name with its digest: name@sha256:<64 hex digits>'))
            .max(IMAGES_MAX)
            .default([]),
          /** Also images that come with a job. */
          uploads: z.boolean().default(false),
          /** Lets them reach a GPU's driver in the kernel. */
          gpu: z.boolean().default(false)
        })
        .prefault({}),
      /** Where `shoal engine add` puts engines; the home's own engines/ when absent. Several homes may share one. */
      enginesFolder: z.string().startsWith('/', 'write an absolute path').optional(),
      /** Highest bond that this provider gives with an agreement; and the bond that this peer asks of others when it buys. */
      bond: amountText.prefault('0.01'),
      /** Least bond: agreements with a lower one are refused. (A dispute costs its requester the bond at least.) */
      bondLeast: amountText.prefault('0'),
      /** Arbiters that this provider accepts besides the network's own. */
      arbiters: z
        .array(z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'write an address: 0x and 40 hex digits'))
        .max(16)
        .default([]),
      /** Where pay is credited; the operator's own address when absent. */
      beneficiary: z
        .string()
        .regex(/^0x[0-9a-fA-F]{40}$/, 'write an address: 0x and 40 hex digits')
        .optional()
    })
    .prefault({}),
  arbiter: z
    .strictObject({
      /** Decides disputes that name this peer's operator: hears both sides, runs the task again, rules by itself. */
      enabled: z.boolean().default(false)
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
  /** How much of the past is kept; what is older leaves the journal. */
  keep: z
    .strictObject({
      /** Ended jobs of this peer's owner. */
      jobs: z.number().int().min(1).max(1_000_000).default(1_000),
      /** Ended executions done for others. */
      executions: z.number().int().min(1).max(1_000_000).default(5_000)
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
