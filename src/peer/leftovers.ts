/** What a killed process left behind, cleared before anything runs: pins that no live entry needs, half-written files. */
import { join } from 'node:path'
import type { CidString } from '../protocol/ids.ts'
import { providerTable } from '../protocol/machines/execution.ts'
import { isTerminal } from '../protocol/machines/machine.ts'
import type { Startable } from '../protocol/ports/startable.ts'
import type { PeerContext } from './context.ts'
import type { ExecutionEntry, JobEntry, ProviderEntry } from './journal/entries.ts'
import { resultFolder } from './requester/fetch-result.ts'
import { isUnderWay } from './under-way.ts'

type Ports = Pick<PeerContext, 'journal' | 'content' | 'files' | 'home' | 'log'>

/** Temporary files of the Files port end like this. */
const TEMPORARY = '.tmp'

/** Every object that a job is made of. */
export function contentOf({ plan }: JobEntry): CidString[] {
  const gather = typeof plan.gather === 'object' ? [plan.gather.module] : []
  return [plan.module, ...plan.inputs, ...gather].map(r => r.cid)
}

/** Objects that a requester holds for one execution: the sealed spec, and the checkpoint that another provider may go on from. */
export function heldFor(e: ExecutionEntry): CidString[] {
  return [e.spec, e.checkpoint?.object, e.resumedFrom?.checkpoint.object].filter(cid => cid !== undefined)
}

/** Objects of an execution that its provider still keeps. A result that was paid without its requester stays: it may come for it. */
export function keptBy(e: ProviderEntry): CidString[] {
  const live = !isTerminal(providerTable, e.state)
  const kept = [
    live ? e.checkpoint?.object : undefined,
    live || e.closing?.outcome === 'released' ? e.result?.object : undefined
  ]
  return kept.filter(cid => cid !== undefined)
}

export class Leftovers implements Startable {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Before the flows start: nothing may be sealed meanwhile. A failure costs disk space, so it is logged and no more. */
  async start(): Promise<void> {
    const { journal, content, log } = this.#ports
    try {
      const jobs: JobEntry[] = []
      for (const job of await journal.jobs()) if (await isUnderWay(journal, job)) jobs.push(job)
      const unpinned = await content.keepOnly(await this.#needed(jobs))
      const files = await this.#clearFiles(jobs)
      if (unpinned + files > 0) log.info({ unpinned, files }, 'what an earlier process left was cleared')
    } catch (err) {
      log.warn({ err }, 'what an earlier process left could not be cleared; the next start tries again')
    }
  }

  async stop(): Promise<void> {}

  async #needed(jobs: readonly JobEntry[]): Promise<Set<CidString>> {
    const { journal } = this.#ports
    const needed = new Set(jobs.flatMap(contentOf))
    for (const job of jobs)
      for (const e of await journal.executions(job.id)) for (const cid of heldFor(e)) needed.add(cid)
    for (const e of await journal.providers()) for (const cid of keptBy(e)) needed.add(cid)
    for (const { state, provider } of await journal.disputes())
      if (state !== 'ruled' && state !== 'left' && provider?.result !== undefined)
        needed.add(provider.result.result.object)
    return needed
  }

  async #clearFiles(jobs: readonly JobEntry[]): Promise<number> {
    const { files, home } = this.#ports
    let cleared = 0
    for (const folder of [home.root, ...jobs.map(j => resultFolder(home, j.id))]) {
      if ((await files.stat(folder))?.kind !== 'folder') continue
      for (const { name, kind } of await files.list(folder)) {
        if (kind !== 'file' || !name.endsWith(TEMPORARY)) continue
        await files.remove(join(folder, name))
        cleared++
      }
    }
    return cleared
  }
}
