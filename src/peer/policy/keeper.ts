/**
 * Keeps the owner's policy and the facts that it is judged by: looks at the machine and at config.yaml every few seconds, remembers a
 * pause over restarts. Outside of the policy nothing new is taken on; what runs is finished, since a job that is broken off costs its
 * requester time and this peer its pay.
 */
import { decode, encode } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import { record, timestamp } from '../../protocol/fields.ts'
import { oldGeneration } from '../../protocol/old-generation.ts'
import type { Clock, Logger, Settlement, Startable } from '../../protocol/ports/index.ts'
import type { Config } from '../home/config.ts'
import type { Journal } from '../journal/journal.ts'
import { Mutex } from '../mutex.ts'
import { wallTime } from './hours.ts'
import { roomOf, roomRefusal, tasksFor, type Promised, type Room } from './room.ts'
import type { Free, RoomPort } from './room-port.ts'
import type { MachinePort, MachineState } from './machine-port.ts'
import { policyVerdict, type Facts, type Verdict, type Wish } from './verdict.ts'

const KEY = 'pause'
/** How often the machine and config.yaml are looked at, ms. */
const LOOK_MS = 5_000
/** Without `until` it has no end; 0: none. */
const pause = record({ until: timestamp.optional() })

type ProviderConfig = Config['provider']

const NOT_TOLD: Free = { disk: undefined, memory: undefined, descriptors: undefined, tasks: undefined }

/** What somebody wants, and what it may take. */
export interface SizedWish extends Wish {
  readonly needs?: Promised['needs']
}

export interface PolicyParts {
  readonly clock: Clock
  readonly log: Logger
  readonly journal: Pick<Journal, 'meta' | 'putMeta'>
  readonly config: ProviderConfig
  readonly settlement: Pick<Settlement, 'generation'>
  /** Reads the configuration again, with all its layers; absent where there is no file. */
  readonly reload?: () => Promise<Config>
  readonly machine: MachinePort
  /** What is free at this moment; absent where what is configured is there, as in simulations. */
  readonly room?: RoomPort
  /** Tasks that agreements were signed for and that have not ended. */
  readonly promised?: () => readonly Promised[]
  /** Of our own tasks at this moment: their load is no reason against more. */
  readonly running: () => number
  /** Of the hottest GPU. */
  readonly gpuTemperature: () => number | undefined
  /** Drawn by all GPUs together, watts. */
  readonly gpuWatts: () => number | undefined
  /** The verdict or the configuration is another. */
  readonly changed: () => void
}

export class PolicyKeeper implements Startable {
  readonly #parts: PolicyParts
  readonly #mutex = new Mutex()
  readonly #stop = new AbortController()
  #config: ProviderConfig
  #machine: MachineState | undefined
  #free: Free = NOT_TOLD
  #pausedUntil: number | undefined
  #cancel: (() => void) | undefined
  #said = ''
  #trouble: string | undefined

  constructor(parts: PolicyParts) {
    this.#parts = parts
    this.#config = parts.config
  }

  async start(): Promise<void> {
    if (this.#cancel !== undefined) return
    const { journal, clock } = this.#parts
    const kept = await journal.meta(KEY)
    if (kept !== undefined) this.#pausedUntil = decode(pause, kept, KEY, 256).until ?? Infinity
    this.#cancel = clock.every(LOOK_MS, () => void this.look())
    await this.look()
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    this.#stop.abort()
    await this.#mutex.run(async () => undefined)
  }

  /** The provider's part of the configuration as it stands in the file now. */
  get provider(): ProviderConfig {
    return this.#config
  }

  /** What is wrong with the file; the last good configuration is in use meanwhile. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  get pausedUntil(): number | undefined {
    const { now } = this.#parts.clock
    return this.#pausedUntil !== undefined && this.#pausedUntil > now() ? this.#pausedUntil : undefined
  }

  /** On a network of generation 1 nothing new is taken on, whatever the owner says. */
  verdict(wish?: SizedWish): Verdict {
    if (this.#parts.settlement.generation === 1) return { ok: false, reason: oldGeneration().message }
    const verdict = policyVerdict(this.#config.policy, this.#facts(), wish)
    if (!verdict.ok) return verdict
    const { room } = this
    const short = wish?.needs === undefined ? room.closed : roomRefusal(room, wish.needs)
    return short === undefined ? verdict : { ok: false, reason: short }
  }

  /** What is on offer of this machine, as it was looked at last. */
  get room(): Room {
    return roomOf(this.#config, this.#free, this.#parts.promised?.() ?? [])
  }

  /** How many tasks with these needs there is room for at this moment. */
  tasksFor(needs: Promised['needs']): number {
    return tasksFor(this.room, needs)
  }

  /** Nothing new for `ms`, or until `resume`. */
  async pause(ms?: number): Promise<void> {
    this.#pausedUntil = ms === undefined ? Infinity : this.#parts.clock.now() + ms
    const until = ms === undefined ? undefined : this.#pausedUntil
    await this.#parts.journal.putMeta(KEY, encode({ until }))
    this.#tell()
  }

  async resume(): Promise<void> {
    this.#pausedUntil = undefined
    await this.#parts.journal.putMeta(KEY, encode({ until: 0 }))
    this.#tell()
  }

  /** Looks now; called by the beat. */
  async look(): Promise<void> {
    await this.#mutex.run(async () => {
      if (this.#stop.signal.aborted) return
      await this.#reload()
      try {
        this.#machine = await this.#parts.machine.look(this.#stop.signal)
        await this.#lookAround()
      } catch (err) {
        if (!this.#stop.signal.aborted) this.#parts.log.debug({ err }, 'the machine could not be looked at')
      }
      this.#tell()
    })
  }

  async #lookAround(): Promise<void> {
    const { room, promised } = this.#parts
    if (room === undefined) return
    const running = promised?.().some(p => p.started) === true
    this.#free = await room.look(running, this.#stop.signal)
  }

  async #reload(): Promise<void> {
    const { reload, log } = this.#parts
    if (reload === undefined) return
    try {
      this.#config = (await reload()).provider
      this.#trouble = undefined
    } catch (err) {
      const { message } = asShoalError(err, 'CONFIG_INVALID')
      if (this.#trouble !== message)
        log.warn({ err }, 'config.yaml cannot be read: what was read before goes on')
      this.#trouble = message
    }
  }

  #facts(): Facts {
    const { clock, running, gpuTemperature, gpuWatts } = this.#parts
    const now = clock.now()
    const m = this.#machine
    return {
      now,
      wall: wallTime(now, this.#config.policy.timeZone),
      pausedUntil: this.#pausedUntil,
      load: m?.load === undefined ? undefined : Math.max(0, m.load - running() / m.cores),
      userIdleMs: m?.userIdleMs,
      onBattery: m?.onBattery,
      cpuTemperature: m?.cpuTemperature,
      gpuTemperature: gpuTemperature(),
      gpuWatts: gpuWatts()
    }
  }

  #tell(): void {
    const { log, changed } = this.#parts
    const verdict = this.verdict()
    // reasons carry figures that change all the time: the log hears of the turns alone
    const ok = JSON.stringify(verdict.ok)
    const all = ok + JSON.stringify(this.#config, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))
    if (this.#said !== '' && !this.#said.startsWith(ok))
      log.info({ reason: verdict.ok ? undefined : verdict.reason }, 'the policy says otherwise now')
    if (this.#said !== all) changed()
    this.#said = all
  }
}
