/** Caps of the settings on what a job file may ask for. */
import { ShoalError } from '../../protocol/errors.ts'
import { formatAmount, SYMBOL } from '../../protocol/money.ts'
import { formatDuration } from '../../protocol/units.ts'
import type { JobFile } from '../../peer/jobfile/schema.ts'
import type { Settings } from './load.ts'

export interface CapFlags {
  readonly maxPrice?: string
  readonly price?: string
  readonly maxTime?: string
}

const refuse = (what: string, next: string): never => {
  throw new ShoalError('USAGE', what, { next })
}

/** A flag is the person's word now and wins; a file that asks for more than was allowed before is refused, not cut. USAGE. */
export function checkCaps(job: JobFile, flags: CapFlags, { maxPrice, maxTime }: Settings): void {
  const price = formatAmount(job.price.max)
  if (
    maxPrice !== undefined &&
    flags.maxPrice === undefined &&
    flags.price === undefined &&
    job.price.max > maxPrice.value
  )
    refuse(
      `price.max is ${price} ${SYMBOL}, but ${maxPrice.from} allows at most ${formatAmount(maxPrice.value)} ${SYMBOL}`,
      `Lower price.max, or allow it this once: --max-price ${price}`
    )
  if (maxTime !== undefined && flags.maxTime === undefined && job.deadline > maxTime.value)
    refuse(
      `deadline is ${formatDuration(job.deadline)}, but ${maxTime.from} allows at most ${formatDuration(maxTime.value)}`,
      `Lower deadline, or allow it this once: --max-time ${Math.ceil(job.deadline / 1000)}s`
    )
}
