/** Offers and the price, then the question: no money moves before. */
import { ShoalError } from '../../protocol/errors.ts'
import { formatAmount, parseAmount, SYMBOL } from '../../protocol/money.ts'
import { formatDuration } from '../../protocol/units.ts'
import { priceOf } from '../../market/eligibility.ts'
import type { JobFile } from '../../peer/jobfile/schema.ts'
import type { Cli } from '../context.ts'
import type { Advert } from '../offers/advert.ts'
import { currentOffers, noneSaid, offerTable } from '../offers/show.ts'
import type { Session } from '../peer-session.ts'

/** Executions that are paid for when all goes well. */
export const paidExecutions = (job: JobFile): bigint =>
  BigInt(job.count) * BigInt(job.verify.tier === 'replicas' ? job.verify.copies : 1)

/** The most that one execution can cost at this provider: its ask for all the gas that the job allows. */
export const shardPrice = (job: JobFile, offer: Pick<Advert, 'ask'>): bigint =>
  priceOf(job.limits.gas, parseAmount(offer.ask))

/** What the person agrees to: the offers, cheapest first, and the three caps. */
export function offerText(job: JobFile, offers: readonly Advert[], why = ''): string {
  const fits = offers.filter(o => shardPrice(job, o) * paidExecutions(job) <= job.price.max)
  const cheapest = offers.map(o => shardPrice(job, o)).sort((a, b) => (a < b ? -1 : 1))[0]
  const lines = [offers.length === 0 ? noneSaid(why) : offerTable(offers, o => shardPrice(job, o)), '']
  if (cheapest !== undefined)
    lines.push(
      `Price     from ${formatAmount(cheapest * paidExecutions(job))} ${SYMBOL} for ${paidExecutions(job)} executions, when each uses all its gas`
    )
  lines.push(
    `At most   ${formatAmount(job.price.max)} ${SYMBOL} (--max-price), ${formatDuration(job.deadline)} (--max-time), ${job.retries} retries a shard (--retries)`
  )
  if (offers.length > 0 && fits.length === 0)
    lines.push('Warning   every offer asks more than that: the job may find no provider')
  return lines.join('\n')
}

/** @throws NOT_CONFIRMED without a terminal and on anything but yes */
export async function confirm(
  cli: Cli,
  yes: boolean,
  s: Session,
  job: JobFile,
  signal: AbortSignal
): Promise<void> {
  if (yes) return
  if (cli.json)
    throw new ShoalError('NOT_CONFIRMED', 'money would move, and --json asks nothing', {
      next: 'Add -y to agree. Prices: shoal offers --json'
    })
  const { offers, why } = await currentOffers(cli, s.client, s.own !== undefined, signal)
  cli.remark(offerText(job, offers, why))
  if (!cli.interactive)
    throw new ShoalError('NOT_CONFIRMED', 'money would move and there is no terminal to ask at', {
      next: 'Add -y to agree.'
    })
  const { askYes } = await import('../ui/prompts.ts')
  if (!(await askYes('Submit?', signal)))
    throw new ShoalError('NOT_CONFIRMED', 'not submitted; nothing was spent', {
      next: 'Caps: --max-price, --max-time, --retries. Prices: shoal offers'
    })
}
