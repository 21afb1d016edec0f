import { command } from '../command.ts'
import { parseFilter } from '../offers/filter.ts'
import { groupOffers } from '../offers/group.ts'
import { currentOffers, groupTable, noneSaid, offerTable } from '../offers/show.ts'
import { session } from '../peer-session.ts'
import type { OfferFlags } from '../routes/network.ts'

const none = (filter: string | undefined, heard: number, why = ''): string => {
  if (heard === 0) return noneSaid(why)
  const gpu = /\bgpu\b/.test(filter ?? '') ? ' Providers of this version sell no GPUs yet.' : ''
  return `None of the ${heard} offers fits.${gpu}`
}

export const offers = command<OfferFlags, [filter?: string]>(async (cli, flags, signal, filter) => {
  // a mistake is said before any peer starts
  const fits = parseFilter(filter ?? '')
  if (flags.groupBy !== undefined) groupOffers([], flags.groupBy)
  const s = await session(cli, flags, signal)
  try {
    const { offers: heard, why } = await currentOffers(cli, s.client, s.own !== undefined, signal)
    const list = heard.filter(fits)
    if (flags.groupBy === undefined) {
      if (cli.json) return cli.print(JSON.stringify({ offers: list, why }))
      return cli.print(list.length === 0 ? none(filter, heard.length, why) : offerTable(list))
    }
    const groups = groupOffers(list, flags.groupBy)
    if (cli.json) return cli.print(JSON.stringify({ by: flags.groupBy, groups }))
    cli.print(groups.length === 0 ? none(filter, heard.length, why) : groupTable(flags.groupBy, groups))
  } finally {
    await s.close()
  }
})
