import { flushCompileCache } from 'node:module'
import { ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { abortReason, linked, type ScopedSignal } from '../../protocol/signals.ts'
import { withSettings, type ConfigInput } from '../../peer/home/config.ts'
import { EXIT, lasting } from '../command.ts'
import { open } from '../home.ts'
import { startOwn, type OwnPeer } from '../own-peer.ts'
import type { UpFlags } from '../routes/peer.ts'

/** A peer that does not stop in this time is left to the operating system, ms. */
const STOP_MS = 10_000

function configOf(flags: UpFlags): ConfigInput {
  const own: ConfigInput = {
    profile: flags.light ? 'light' : undefined,
    chain: { rpcUrl: flags.rpcUrl },
    p2p: { bootstrap: flags.bootstrap === undefined ? undefined : [...flags.bootstrap] },
    provider: { slots: flags.slots, ask: flags.ask },
    api: { port: flags.apiPort }
  }
  return withSettings(own, flags.set)
}

/** How often an idle peer looks whether it still is, ms. */
const LOOK_MS = 1_000

/** Ends the scope when for `ms` neither a job nor work for others was under way, nor any command used the peer. */
function endWhenIdle(clock: Clock, { own, guests }: OwnPeer, ms: number, scope: ScopedSignal): () => void {
  let busyAt = clock.monotonic()
  return clock.every(Math.min(LOOK_MS, ms), () => {
    const works = own.requester.live > 0 || (own.provider?.flow.live.length ?? 0) > 0
    if (works || guests.list().length > 0) busyAt = clock.monotonic()
    if (clock.monotonic() - busyAt >= ms && guests.endWhenAlone())
      scope.abort(new ShoalError('CANCELLED', 'nothing left to do'))
  })
}

export const up = lasting<UpFlags>(async (cli, flags, signal) => {
  const home = await open(cli, flags, configOf(flags))
  const session = await startOwn(cli, flags, home, signal)
  const { ctx } = session.own
  const facts = {
    peer: ctx.network.peerId,
    operator: ctx.operator.address,
    profile: ctx.network.profile,
    addresses: ctx.network.addresses(),
    api: session.client.url,
    home: home.layout.root
  }
  flushCompileCache() // the next peer on this machine starts faster
  if (cli.json) cli.print(JSON.stringify({ ready: true, ...facts }))
  else {
    cli.print(
      `Peer      ${facts.peer} (${facts.profile})\nOperator  ${facts.operator}\nAPI       ${facts.api}`
    )
    for (const a of facts.addresses) cli.print(`Address   ${a}`)
    cli.remark('\nRunning. Ctrl-C stops it; jobs go on when it runs again.')
  }
  const stop = linked(signal)
  const unwatch =
    flags.untilIdle === undefined ? () => undefined : endWhenIdle(cli.clock, session, flags.untilIdle, stop)
  await new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
  unwatch()
  stop[Symbol.dispose]()
  if (!cli.json) cli.remark(`stopping (${abortReason(stop.signal).message})`)
  const giveUp = cli.clock.timer(STOP_MS, () => cli.process.exit(EXIT.failed))
  await session.close()
  giveUp()
})
