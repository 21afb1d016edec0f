/** Bans as a person reads them, both ways. */
import { formatDuration } from '../../protocol/units.ts'
import type { BanView } from '../../protocol/ports/network-health.ts'
import { table } from '../ui/table.ts'

const left = (ban: BanView, now: number): string => formatDuration(Math.max(1_000, ban.until - now))

const rows = (bans: readonly BanView[], now: number): string[][] =>
  bans.map(b => [b.peer, b.words, b.seen, left(b, now)])

/** Two tables, each only when there is something to say; empty when there is not. */
export function bansText(bans: readonly BanView[], bannedBy: readonly BanView[], now: number): string {
  const parts: string[] = []
  if (bans.length > 0)
    parts.push(table(['banned by this peer', 'it sent', 'seen', 'for another'], rows(bans, now)))
  if (bannedBy.length > 0)
    parts.push(table(['bans this peer', 'says that it sent', 'seen', 'for another'], rows(bannedBy, now)))
  return parts.join('\n\n')
}
