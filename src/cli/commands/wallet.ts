import { ShoalError } from '../../protocol/errors.ts'
import { formatAmount, parseAmount, SYMBOL } from '../../protocol/money.ts'
import { clean, command } from '../command.ts'
import type { Cli } from '../context.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import type { DepositFlags, ProtectFlags, WithdrawFlags } from '../routes/peer.ts'
import { walletSession, type JournalTrouble } from '../wallet/session.ts'

interface Guard {
  readonly beneficiary: string
  readonly dailyLimit: string
  readonly left: string
}
interface Wallet {
  readonly address: string
  readonly gas: string
  readonly wallet: string
  readonly free: string
  readonly locked: string
  readonly staked: string
  readonly guard?: Guard
  readonly underWay: readonly UnderWay[]
  readonly tx?: string
  readonly joined?: boolean
  /** What is wrong with the home's journal; it keeps nobody from the money. */
  readonly journal?: JournalTrouble
}

const NOBODY = `0x${'0'.repeat(40)}`

const guardLine = (g: Guard): string =>
  `Guard    ${g.dailyLimit} ${SYMBOL} a day elsewhere than to ${g.beneficiary}; ${g.left} left today`
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
      ...(w.guard === undefined ? [] : [guardLine(w.guard)]),
      ...w.underWay.map(waiting),
      ...(w.tx === undefined ? [] : [`Sent     ${w.tx}`])
    ].join('\n')
  )
  if (w.joined === true) cli.remark(JOINED)
  if (w.journal !== undefined) {
    cli.remark(`Journal  ${clean(w.journal.message)}`)
    cli.remark(`         ${clean(w.journal.next ?? '')}`)
  }
}

const act = async (
  cli: Cli,
  flags: CommonFlags,
  signal: AbortSignal,
  method: 'GET' | 'POST',
  path: string,
  body?: object
): Promise<void> => {
  const s = await walletSession(cli, flags, signal)
  try {
    const wallet = await s.client.call<Wallet>(method, path, body, signal)
    show_(cli, { ...wallet, journal: s.trouble })
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

const usage = (what: string): ShoalError =>
  new ShoalError('USAGE', what, { next: 'See: shoal wallet protect --help' })

function checkAddress(flag: string, text: string): void {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw usage(`${flag} ${text}: no address, which is 0x and 40 hex digits`)
}

/** What is asked for, or USAGE with what is wrong with it. */
function wishOf({ beneficiary, limit, owner }: ProtectFlags) {
  if (owner !== undefined) checkAddress('--owner', owner)
  if (beneficiary === undefined) throw usage('--beneficiary is missing')
  if (beneficiary === 'none') {
    if (owner === undefined)
      throw usage('--beneficiary none: a guard is lifted by its beneficiary alone, with --owner')
    return { beneficiary: NOBODY, limit: '0', owner }
  }
  checkAddress('--beneficiary', beneficiary)
  if (limit === undefined) throw usage('--limit is missing')
  return { beneficiary, limit: formatAmount(parseAmount(limit)), owner }
}

/** What a person agrees to: its own key cannot undo it. */
async function agree(
  cli: Cli,
  yes: boolean,
  wish: ReturnType<typeof wishOf>,
  signal: AbortSignal
): Promise<void> {
  if (yes || wish.owner !== undefined) return
  const next = 'Add -y to agree.'
  if (cli.json) throw new ShoalError('NOT_CONFIRMED', 'a guard is lifted by its beneficiary alone', { next })
  if (!cli.interactive)
    throw new ShoalError('NOT_CONFIRMED', 'there is no terminal to ask at, and this key cannot undo it', {
      next
    })
  cli.remark(
    `From then on this key can withdraw no more than ${wish.limit} ${SYMBOL} a day (UTC) to others than\n${wish.beneficiary}, and only that address can change or lift the limit.\nWhat the key spends on jobs and bonds is not limited by it.`
  )
  const { askYes } = await import('../ui/prompts.ts')
  if (!(await askYes('Set the guard?', signal)))
    throw new ShoalError('NOT_CONFIRMED', 'no guard was set; nothing was sent')
}

export const protect = command<ProtectFlags>(async (cli, flags, signal) => {
  const wish = wishOf(flags)
  await agree(cli, flags.yes, wish, signal)
  const s = await walletSession(cli, flags, signal)
  try {
    type Set = { readonly owner: string; readonly guard?: Guard }
    const set = await s.client.call<Set>('POST', '/v1/wallet/protect', wish, signal)
    if (cli.json) cli.print(JSON.stringify(set))
    else
      cli.print(`Address  ${set.owner}\n${set.guard === undefined ? 'Guard    none' : guardLine(set.guard)}`)
  } finally {
    await s.close()
  }
})
