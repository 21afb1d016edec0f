import { ShoalError } from '../../protocol/errors.ts'
import { SYMBOL } from '../../protocol/money.ts'
import type { DisputeView } from '../../peer/disputes/view.ts'
import { command } from '../command.ts'
import { session } from '../peer-session.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import type { RuleFlags } from '../routes/disputes.ts'
import { table } from '../ui/table.ts'

const share = ({ ruling }: DisputeView): string =>
  ruling === undefined ? '' : `${ruling.provider} % to the provider, ${ruling.slash} % of its bond`

export const list = command<CommonFlags>(async (cli, flags, signal) => {
  const s = await session(cli, flags, signal)
  try {
    const { disputes } = await s.client.call<{ disputes: DisputeView[] }>(
      'GET',
      '/v1/disputes',
      undefined,
      signal
    )
    if (cli.json) return cli.print(JSON.stringify({ disputes }))
    if (disputes.length === 0) return cli.remark('No disputes.')
    cli.print(
      table(
        ['dispute', 'as', 'price', 'state', 'ruling or reason'],
        disputes.map(d => [
          d.id.slice(0, 12),
          d.role,
          `${d.price} ${SYMBOL}`,
          d.state,
          [share(d), d.reason].filter(Boolean).join('; ')
        ])
      )
    )
  } finally {
    await s.close()
  }
})

/** `60%` or `60` to basis points. USAGE otherwise. */
function basisPoints(name: string, text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,2})?)\s*%?$/.exec(text.trim())
  const bps = Math.round(Number(match?.[1]) * 100)
  if (!(bps >= 0 && bps <= 10_000))
    throw new ShoalError('USAGE', `--${name} ${text}: no share`, {
      next: 'Write a share such as 60% (0% to 100%).'
    })
  return bps
}

export const rule = command<RuleFlags, [string]>(async (cli, flags, signal, id) => {
  const body = {
    providerBps: basisPoints('provider', flags.provider),
    slashBps: basisPoints('slash', flags.slash ?? '0')
  }
  const s = await session(cli, flags, signal)
  try {
    const d = await s.client.call<DisputeView>(
      'POST',
      `/v1/disputes/${encodeURIComponent(id)}/rule`,
      body,
      signal
    )
    if (cli.json) cli.print(JSON.stringify(d))
    else cli.print(`Dispute ${d.id.slice(0, 12)} is decided: ${share(d)}. The ruling goes to the chain.`)
  } finally {
    await s.close()
  }
})
