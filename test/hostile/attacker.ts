/**
 * The attacker, in a process of its own: reads one order (a line of JSON) at a time from standard input and answers each with one
 * line, its Outcome.
 */
import { createInterface } from 'node:readline'
import type { Outcome, Target } from './attack.ts'
import { attacks } from './attacks/index.ts'
import { Siege } from './siege.ts'

export interface Order {
  readonly attack: string
  readonly target: Target
  /** Source address of the attack. */
  readonly host: string
  readonly seconds: number
}

async function carryOut(order: Order): Promise<Outcome> {
  const attack = attacks.find(a => a.name === order.attack)
  if (attack === undefined) throw new Error(`no attack ${order.attack}`)
  const siege = new Siege(order.target, order.host, AbortSignal.timeout(order.seconds * 1_000))
  let error: string | undefined
  try {
    await attack.run(siege)
  } catch (e) {
    if (!siege.signal.aborted) error = e instanceof Error ? (e.stack ?? e.message) : String(e)
  }
  await siege.untilOver()
  const outcome = siege.outcome(attack.name)
  await siege.end()
  return error === undefined ? outcome : { ...outcome, error }
}

// an attacker's broken streams are its own affair
process.on('unhandledRejection', () => undefined)
process.on('uncaughtException', () => undefined)
process.stdout.write('{"ready":true}\n')
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await carryOut(JSON.parse(line) as Order)
  process.stdout.write(JSON.stringify(outcome) + '\n')
}
process.exit(0)
