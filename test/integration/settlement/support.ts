/** Parts for tests with a real chain: a store in memory, a silent log, accounts with money, agreements signed by both. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { Address, AgreementId, Hex32, HexBytes } from '../../../src/protocol/ids.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'
import type { Settlement } from '../../../src/protocol/ports/settlement.ts'
import type { Store } from '../../../src/protocol/ports/store.ts'
import {
  startEmbeddedChain,
  type EmbeddedChain,
  type EmbeddedChainOptions
} from '../../../src/settlement/chain/embedded.ts'
import {
  createOperatorKey,
  operatorAddress,
  type OperatorSigner
} from '../../../src/settlement/keys/operator.ts'
import { domainOf, typedDigest } from '../../../src/settlement/keys/typed.ts'
import { createSettlement, type SettlementOptions } from '../../../src/settlement/settlement.ts'

export const clock = systemClock
export const random = systemRandom
const verbose = process.env.SHOAL_TEST_LOG !== undefined
const print = (level: string) => (fields: object, message: string) => {
  if (verbose) console.log(level, message, fields)
}
export const log: Logger = {
  debug: print('debug'),
  info: print('info'),
  warn: print('warn'),
  error: print('error'),
  child: () => log
}

export const ETHER = 10n ** 18n
export const hex32 = (): Hex32 => ('0x' + randomBytes(32).toString('hex')) as Hex32

/** A Store in memory; outlives the settlement clients that use it, as a disk does. */
export function memoryStore(): Store & { readonly map: Map<string, Uint8Array> } {
  const map = new Map<string, Uint8Array>()
  return {
    map,
    get: async key => map.get(key),
    batch: async ops => {
      for (const op of ops) {
        if ('put' in op) map.set(op.put, op.value)
        else map.delete(op.del)
      }
    },
    range: async function* (prefix) {
      for (const key of [...map.keys()].filter(k => k.startsWith(prefix)).sort()) {
        const value = map.get(key)
        if (value !== undefined) yield [key, value] as const
      }
    },
    close: async () => undefined
  }
}

export const folderFor = async (): Promise<string> => await mkdtemp(path.join(tmpdir(), 'shoal-chain-'))
export const removeFolder = async (folder: string): Promise<void> =>
  await rm(folder, { recursive: true, force: true })

export const startChain = async (
  folder: string,
  options: Partial<EmbeddedChainOptions> = {}
): Promise<EmbeddedChain> => await startEmbeddedChain({ folder, clock, random, log, ...options })

export interface Party {
  readonly settlement: Settlement
  readonly key: OperatorSigner
  readonly store: ReturnType<typeof memoryStore>
  readonly secret: Uint8Array
}

/** A funded account with `deposit` tokens in the vault. */
export async function party(
  chain: EmbeddedChain,
  options: SettlementOptions & { deposit?: bigint; secret?: Uint8Array; store?: Party['store'] } = {}
): Promise<Party> {
  const secret = options.secret ?? new Uint8Array(randomBytes(32))
  const key = createOperatorKey(secret, domainOf(chain.network))
  const store = options.store ?? memoryStore()
  const settlement = createSettlement({
    rpcUrl: chain.rpcUrl,
    network: chain.network,
    key,
    store,
    clock,
    random,
    log,
    options: { pollMs: 30, watchMs: 50, ...options }
  })
  await settlement.start()
  if (options.deposit !== undefined) {
    await chain.fund(key.address, ETHER, options.deposit)
    await settlement.deposit(options.deposit)
  }
  return { settlement, key, store, secret }
}

export const stranger = (): Address => operatorAddress(new Uint8Array(randomBytes(32)))

/** Terms that are valid now: open within a minute, deliver within two. */
export async function terms(
  requester: Party,
  provider: Party,
  arbiter: Address,
  changes: Partial<Agreement> = {}
): Promise<Agreement> {
  const now = await requester.settlement.time()
  return {
    jobId: hex32(),
    shard: 0,
    attempt: 1,
    requester: requester.key.address,
    provider: provider.key.address,
    beneficiary: provider.key.address,
    arbiter,
    price: 1000n,
    bond: 100n,
    specHash: hex32(),
    bidRoot: hex32(),
    openBy: now + 60n,
    deliverBy: now + 120n,
    challengeWindow: 60,
    arbitrationWindow: 60,
    splitBps: 0,
    salt: hex32(),
    ...changes
  }
}

export const idOf = (p: Party, a: Agreement): AgreementId =>
  typedDigest(domainOf(p.settlement.network), 'Agreement', a)

/** The provider signs, the requester opens. */
export async function opened(
  requester: Party,
  provider: Party,
  arbiter: Address,
  changes: Partial<Agreement> = {}
): Promise<{ a: Agreement; id: AgreementId; signature: HexBytes }> {
  const a = await terms(requester, provider, arbiter, changes)
  const signature = await provider.key.sign('Agreement', a)
  await requester.settlement.open(a, signature)
  return { a, id: idOf(requester, a), signature }
}

/** Waits until `condition` holds; fails after 20 s, so that a broken test ends. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = clock.monotonic() + 20_000
  while (!(await condition())) {
    if (clock.monotonic() > end) throw new Error(`still not: ${condition.toString()}`)
    await clock.sleep(15)
  }
}
