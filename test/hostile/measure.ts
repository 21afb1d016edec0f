/** One attack measured: quiet, under attack, quiet again. */
import { createInterface, type Interface } from 'node:readline'
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Attack, Outcome, Target } from './attack.ts'
import type { Order } from './attacker.ts'
import type { HonestLoad, Sample } from './honest.ts'
import { p95, type Row } from './judge.ts'
import type { Victim } from './victim.ts'

const PROGRAM = fileURLToPath(new URL('attacker.ts', import.meta.url))
/** An attack's own end may take a moment more than its time. */
const GRACE_MS = 10_000
const RSS_EVERY_MS = 200

/** The attacker's process, which carries out one order at a time. */
export class Attacker {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  private constructor(child: ChildProcess, reader: Interface) {
    this.#child = child
    this.#reader = reader
    this.#lines = reader[Symbol.asyncIterator]()
  }

  static async start(): Promise<Attacker> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    const attacker = new Attacker(child, createInterface({ input: child.stdout ?? process.stdin }))
    await attacker.#line(30_000)
    return attacker
  }

  async carryOut(order: Order): Promise<Outcome> {
    this.#child.stdin?.write(JSON.stringify(order) + '\n')
    return JSON.parse(await this.#line(order.seconds * 1_000 + GRACE_MS)) as Outcome
  }

  stop(): void {
    this.#reader.close()
    this.#child.kill('SIGKILL')
  }

  async #line(ms: number): Promise<string> {
    const timer = new AbortController()
    const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`the attacker's process said nothing for ${ms} ms`)
    })
    try {
      const next = await Promise.race([this.#lines.next(), late])
      if (next.done === true) throw new Error("the attacker's process ended")
      return next.value
    } finally {
      timer.abort()
      late.catch(() => undefined)
    }
  }
}

export interface Field {
  readonly victim: Victim
  readonly honest: HonestLoad
  readonly attacker: Attacker
}

export interface Windows {
  readonly quietSeconds: number
  readonly attackSeconds: number
}

/** What the attacker knows: the address, the network, and what it has overheard. */
export const targetOf = (
  { victim, honest }: Pick<Field, 'victim' | 'honest'>,
  networkId: string
): Target => ({
  address: victim.address,
  peer: victim.address.split('/p2p/')[1] ?? '',
  networkId,
  chainId: victim.net.network.chainId.toString(),
  escrow: victim.net.network.escrow,
  seen: honest.published.slice(0, 20).map(b => Buffer.from(b).toString('base64')),
  oldCard: {
    key: Buffer.from(honest.cardKey).toString('base64'),
    card: Buffer.from(honest.oldCard).toString('base64')
  }
})

const times = (samples: readonly Sample[]): number[] =>
  samples.flatMap(s => (s.kind === 'request' && s.ms !== undefined ? [s.ms] : []))

/** `host`: an address of loopback that no other attack used. */
export async function measure(
  field: Field,
  attack: Attack,
  target: Target,
  host: string,
  w: Windows
): Promise<Row> {
  const { victim, honest, attacker } = field
  const quiet = w.quietSeconds * 1_000
  const begin = performance.now()
  await sleep(quiet)
  const before = victim.rss()
  let peak = before
  const watch = setInterval(() => (peak = Math.max(peak, victim.rss())), RSS_EVERY_MS)
  const from = performance.now()
  let outcome: Outcome
  try {
    outcome = await attacker.carryOut({ attack: attack.name, target, host, seconds: w.attackSeconds })
  } finally {
    clearInterval(watch)
  }
  const to = from + w.attackSeconds * 1_000
  await sleep(quiet)
  const end = performance.now()
  await sleep(500) // late answers of the last window
  const under = honest.samples(from, to)
  const calm = [...honest.samples(begin, from), ...honest.samples(to + 500, end)]
  return {
    attack,
    outcome,
    quietP95: p95(times(calm)),
    attackP95: p95(times(under)),
    ok: under.filter(s => s.ms !== undefined).length,
    failed: under.filter(s => s.ms === undefined).length,
    rss: { before, peak, after: victim.rss() },
    poisoned: await honest.poisoned()
  }
}
