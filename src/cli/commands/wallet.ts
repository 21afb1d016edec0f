import { SYMBOL } from '../../protocol/money.ts'
import { clean, command } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import type { DepositFlags, WithdrawFlags } from '../routes/peer.ts'

interface Wallet {
  readonly address: string
  readonly gas: string
  readonly wallet: string
  readonly free: string
  readonly locked: string
  readonly staked: string
  readonly underWay: readonly UnderWay[]
  readonly tx?: string
  readonly joined?: boolean
}

interface UnderWay {
  readonly what: string
  readonly amount?: string
  readonly reason: string
}

/** `A withdraw of 5 SHL waits: no block has taken it yet`. */
const waiting = ({ what, amount, reason }: UnderWay): string =>
  `Waiting  ${what}${amount === undefined ? '' : ` of ${amount} ${SYMBOL}`}: ${clean(reason)}`

/** Told after a transfer that sent nothing itself. */
const JOINED = 'It was sent before; nothing was sent twice. For another one give the command again.'

function show_(cli: Cli, w: Wallet): void {
  if (cli.json) return cli.print(JSON.stringify(w))
  cli.print(
    [
      `Address  ${w.address}`,
      `Gas      ${w.gas}`,
      `Wallet   ${w.wallet} ${SYMBOL}`,
      `Vault    ${w.free} ${SYMBOL} free, ${w.locked} locked in agreements, ${w.staked} staked`,
      ...w.underWay.map(waiting),
      ...(w.tx === undefined ? [] : [`Sent     ${w.tx}`])
    ].join('\n')
  )
  if (w.joined === true) cli.remark(JOINED)
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
export const deposit = command<DepositFlags, [string]>((cli, flags, signal, amount) =>
  act(cli, flags, signal, 'POST', '/v1/wallet/deposit', { amount, again: flags.again })
)
export const withdraw = command<WithdrawFlags, [string]>((cli, flags, signal, amount) =>
  act(cli, flags, signal, 'POST', '/v1/wallet/withdraw', {
    amount,
    to: flags.to,
    again: flags.again
  })
)
