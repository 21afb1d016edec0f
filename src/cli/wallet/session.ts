/**
 * The wallet of a home: over its running peer, else by the chain alone. Money needs the keys, the chain and the journalled transactions, and
 * nothing else of a peer, so no job, engine or neighbour, and no journal that cannot be read, stands between a person and the balance.
 */
import { join } from 'node:path'
import type { ApiClient } from '../../api/adapters/client.ts'
import { moneyCalls } from '../../api/money.ts'
import { openLevelStore } from '../../peer/adapters/level-store.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import type { OpenedHome } from '../../peer/home/home.ts'
import type { Secrets } from '../../peer/home/keystore.ts'
import { Journal } from '../../peer/journal/journal.ts'
import { MEND_JOURNAL } from '../../peer/journal/unreadable.ts'
import { startSettlement } from '../../peer/start-settlement.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { Store } from '../../protocol/ports/store.ts'
import { createSettlement } from '../../settlement/settlement.ts'
import { chainOf } from '../chain-session.ts'
import type { Cli } from '../context.ts'
import { takeHome } from '../home-lock.ts'
import { open, secretsOf, type HomeFlags } from '../home.ts'
import { joinRunning } from '../peer-session.ts'
import { walletClient } from './client.ts'

/** An error of the journal that the wallet works without, in words. */
export interface JournalTrouble {
  readonly code: string
  readonly message: string
  readonly next?: string
}

export interface WalletSession {
  readonly client: Pick<ApiClient, 'call'>
  readonly trouble?: JournalTrouble
  close(): Promise<void>
}

const troubleOf = ({ code, message, next }: ShoalError): JournalTrouble => ({
  code,
  message,
  next: next ?? MEND_JOURNAL
})

interface Parts {
  readonly cli: Cli
  readonly home: OpenedHome
  readonly secrets: Secrets
  readonly log: Logger
  readonly signal: AbortSignal
}

/** `blind`: what was sent before is not in this store, so that nothing is sent without `again`. */
async function onChain(parts: Parts, store: Store, blind: ShoalError | undefined): Promise<WalletSession> {
  const { cli, home, secrets, log, signal } = parts
  const { clock, random } = cli
  const { fallbackUrls, maxFee } = home.config.chain
  const { rpcUrl, network } = await chainOf(cli, home, secrets, log, signal)
  const settlement = createSettlement({
    ...{ rpcUrl, fallbackUrls, network, store, clock, random },
    key: secrets.operator,
    log: log.child({ room: 'settlement' }),
    options: { maxFeePerGas: maxFee }
  })
  try {
    await startSettlement(settlement, clock, rpcUrl, signal)
  } catch (e) {
    await settlement.stop()
    throw e
  }
  return {
    client: walletClient(moneyCalls(settlement), blind),
    trouble: blind === undefined ? undefined : troubleOf(blind),
    close: () => settlement.stop()
  }
}

/** A session that closes the store at its end, and when it cannot begin. */
async function holding(store: Store, begin: () => Promise<WalletSession>): Promise<WalletSession> {
  try {
    const s = await begin()
    return {
      ...s,
      close: async () => {
        await s.close()
        await store.close()
      }
    }
  } catch (e) {
    await store.close()
    throw e
  }
}

/** With a journal of its own, since the home's cannot be opened, or does not tell what was sent. */
async function withoutJournal(parts: Parts, why: ShoalError): Promise<WalletSession> {
  const store = await openLevelStore(join(parts.home.layout.root, 'wallet-journal'))
  return await holding(store, () => onChain(parts, store, why))
}

/** With the home's own journal: its transactions are read, its jobs are only looked at. */
async function withJournal(parts: Parts, store: Store): Promise<WalletSession> {
  const s = await onChain(parts, store, undefined)
  const trouble = await new Journal(store, parts.cli.clock).trouble()
  return { ...s, trouble: trouble === undefined ? undefined : troubleOf(trouble) }
}

/** JOURNAL_CORRUPT as a value. */
async function orCorrupt<T>(work: Promise<T>): Promise<T | ShoalError> {
  try {
    return await work
  } catch (e) {
    if (isShoalError(e, 'JOURNAL_CORRUPT')) return e
    throw e
  }
}

/** A seat at the running peer, else the chain alone; the home is held meanwhile, so that no peer sends from the same key. */
export async function walletSession(cli: Cli, flags: HomeFlags, signal: AbortSignal): Promise<WalletSession> {
  const home = await open(cli, flags, { profile: 'light' })
  const joined = await joinRunning(cli, home, signal)
  if (joined !== undefined) return joined
  const secrets = await secretsOf(cli, flags, home)
  const log = createLogger({ level: home.config.log.level, file: home.layout.log })
  const parts = { cli, home, secrets, log, signal }
  const taken = await orCorrupt(
    takeHome(cli, home.layout, signal, async () => await joinRunning(cli, home, signal))
  )
  if (taken instanceof ShoalError) return await withoutJournal(parts, taken)
  if ('found' in taken) return taken.found
  const { store } = taken
  return await holding(store, async () => {
    const opened = await orCorrupt(withJournal(parts, store))
    return opened instanceof ShoalError ? await withoutJournal(parts, opened) : opened
  })
}
