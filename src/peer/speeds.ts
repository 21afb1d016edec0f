/** Measured speed of each engine, kept in the journal for a day: a benchmark takes a second and the machine's speed does not change by the minute. */
import { decode, encode } from '../protocol/codec.ts'
import { amount, record, text, timestamp } from '../protocol/fields.ts'
import type { Engine } from '../protocol/ports/engine.ts'
import type { PeerContext } from './context.ts'

const KEEP_MS = 24 * 60 * 60_000
const schema = record({ engine: text, version: text, at: timestamp, speed: amount })

async function speedOf(ctx: PeerContext, engine: Engine): Promise<bigint> {
  const key = `speed/${engine.id}`
  const known = await ctx.journal.meta(key)
  if (known !== undefined) {
    const kept = decode(schema, known, key, 1024)
    if (kept.version === engine.version && ctx.clock.now() - kept.at < KEEP_MS) return kept.speed
  }
  const speed = await engine.benchmark(ctx.stopping)
  await ctx.journal.putMeta(
    key,
    encode({ engine: engine.id, version: engine.version, at: ctx.clock.now(), speed })
  )
  return speed
}

/** Billing units per second by engine id; an engine whose benchmark fails is left at 0 and gets no work. */
export async function measureSpeeds(ctx: PeerContext): Promise<Map<string, bigint>> {
  const out = new Map<string, bigint>()
  for (const engine of ctx.engines.values()) {
    try {
      out.set(engine.id, await speedOf(ctx, engine))
    } catch (err) {
      ctx.log.error({ err, engine: engine.id }, 'the benchmark failed: this engine gets no work')
      out.set(engine.id, 0n)
    }
  }
  return out
}
