/**
 * Who has a home: whoever holds its journal open. Commands that come while another one starts or ends there wait for it, and say for whom.
 */
import { join } from 'node:path'
import { openLevelStore } from '../peer/adapters/level-store.ts'
import type { HomeLayout } from '../peer/home/layout.ts'
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import type { Store } from '../protocol/ports/store.ts'
import { exists } from './adapters/background.ts'
import type { Cli } from './context.ts'

/** How long a home is waited for, ms: a peer on a busy machine starts within that. */
export const HOME_MS = 90_000
/** Between two looks, ms. */
const LOOK_MS = 150
/** A wait that is longer than this is told, ms. */
const TOLD_MS = 2_000
const FILE_MAX = 4_096

/** The command that has a home, as it wrote itself down. */
export interface Holder {
  readonly what: string
  readonly pid: number
}

const fileOf = (home: HomeLayout): string => join(home.root, 'holder.json')

/** Undefined when nobody wrote itself down, or whoever did has ended without taking it back. */
export async function holderOf(cli: Cli, home: HomeLayout): Promise<Holder | undefined> {
  try {
    const text = new TextDecoder().decode(await cli.files.read(fileOf(home), { max: FILE_MAX }))
    const { what, pid } = (JSON.parse(text) ?? {}) as { what?: unknown; pid?: unknown }
    if (typeof what !== 'string' || typeof pid !== 'number' || !exists(pid)) return undefined
    return { what: what.slice(0, 32), pid }
  } catch (e) {
    // gone meanwhile, or half written by a machine that lost its power
    if (isShoalError(e, 'FILE_NOT_FOUND', 'FILE_TOO_LARGE') || e instanceof SyntaxError) return undefined
    throw e
  }
}

const saidOf = (h: Holder | undefined): string =>
  h === undefined ? 'another process' : `process ${h.pid} (shoal ${h.what})`

/** HOME_LOCKED with the holder's name. */
export function heldBy(home: HomeLayout, holder: Holder | undefined, how: string, next: string): ShoalError {
  return new ShoalError('HOME_LOCKED', `${saidOf(holder)} has ${home.root} and ${how}`, {
    data: { pid: holder?.pid },
    next
  })
}

/** The lock of a home; closing the store gives it back. */
export interface HomeLock {
  readonly store: Store
}

async function tryLock(cli: Cli, home: HomeLayout): Promise<HomeLock | undefined> {
  let store: Store
  try {
    store = await openLevelStore(home.journal)
  } catch (e) {
    if (isShoalError(e, 'HOME_LOCKED')) return undefined
    throw e
  }
  const file = fileOf(home)
  try {
    await cli.files.write(
      file,
      new TextEncoder().encode(JSON.stringify({ what: cli.commandName, pid: process.pid }))
    )
  } catch (e) {
    // only others' messages lack a name then, such as on a full disk
    if (!isShoalError(e)) throw e
  }
  const close = async (): Promise<void> => {
    await cli.files.remove(file)
    await store.close()
  }
  return { store: { ...store, close } }
}

/**
 * Takes the home, or gives what `found` finds: it is asked before each try, for a peer of another command that is ready by now.
 * HOME_LOCKED after HOME_MS.
 */
export async function takeHome<T>(
  cli: Cli,
  home: HomeLayout,
  signal: AbortSignal,
  found: () => Promise<T | undefined>
): Promise<HomeLock | { readonly found: T }> {
  const begun = cli.clock.monotonic()
  let told = false
  for (;;) {
    signal.throwIfAborted()
    const other = await found()
    if (other !== undefined) return { found: other }
    const lock = await tryLock(cli, home)
    if (lock !== undefined) return lock
    const waited = cli.clock.monotonic() - begun
    const holder = await holderOf(cli, home)
    if (waited > HOME_MS)
      throw heldBy(
        home,
        holder,
        'answers nobody',
        holder === undefined
          ? 'Stop it, or use another home with --home.'
          : `Wait for it, or stop it with: kill ${holder.pid}. Or use another home with --home.`
      )
    if (waited > TOLD_MS && !told && !cli.json) {
      cli.remark(`Waiting for ${saidOf(holder)}, which has this home.`)
      told = true
    }
    await cli.clock.sleep(LOOK_MS, signal)
  }
}
