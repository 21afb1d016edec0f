import { flushCompileCache } from 'node:module'
import { abortReason } from '../../protocol/signals.ts'
import type { ConfigInput } from '../../peer/home/config.ts'
import { command, EXIT } from '../command.ts'
import { open } from '../home.ts'
import { startOwn } from '../own-peer.ts'
import type { UpFlags } from '../routes/peer.ts'

/** A peer that does not stop in this time is left to the operating system, ms. */
const STOP_MS = 10_000

function configOf(flags: UpFlags): ConfigInput {
  return {
    profile: flags.light ? 'light' : undefined,
    chain: { rpcUrl: flags.rpcUrl },
    p2p: { bootstrap: flags.bootstrap === undefined ? undefined : [...flags.bootstrap] },
    provider: { slots: flags.slots, ask: flags.ask },
    api: { port: flags.apiPort }
  }
}

export const up = command<UpFlags>(async (cli, flags, signal) => {
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
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
  cli.remark(`stopping (${abortReason(signal).message})`)
  const giveUp = cli.clock.timer(STOP_MS, () => cli.process.exit(EXIT.failed))
  await session.close()
  giveUp()
})
