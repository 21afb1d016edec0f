import { SYMBOL } from '../../protocol/money.ts'
import { command } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import type { WithdrawFlags } from '../routes/peer.ts'

interface Wallet {
  readonly address: string
  readonly gas: string
  readonly wallet: string
  readonly free: string
  readonly locked: string
  readonly staked: string
  readonly tx?: string
}

function show_(cli: Cli, w: Wallet): void {
  if (cli.json) return cli.print(JSON.stringify(w))
  cli.print(
    [
      `Address  ${w.address}`,
      `Gas      ${w.gas}`,
      `Wallet   ${w.wallet} ${SYMBOL}`,
      `Vault    ${w.free} ${SYMBOL} free, ${w.locked} locked in agreements, ${w.staked} staked`,
      ...(w.tx === undefined ? [] : [`Sent     ${w.tx}`])
    ].join('\n')
  )
}

const act = async (
  cli: Cli,
  flags: CommonFlags,
  signal: AbortSignal,
  method: 'GET' | 'POST',
  path: string,
  body?: object
): Promise<void> => {
  const s = await session(cli, flags, signal)
  try {
    show_(cli, await s.client.call<Wallet>(method, path, body, signal))
  } finally {
    await s.close()
  }
}

export const show = command<CommonFlags>((cli, flags, signal) => act(cli, flags, signal, 'GET', '/v1/wallet'))
export const deposit = command<CommonFlags, [string]>((cli, flags, signal, amount) =>
  act(cli, flags, signal, 'POST', '/v1/wallet/deposit', { amount })
)
export const withdraw = command<WithdrawFlags, [string]>((cli, flags, signal, amount) =>
  act(cli, flags, signal, 'POST', '/v1/wallet/withdraw', { amount, to: flags.to })
)
