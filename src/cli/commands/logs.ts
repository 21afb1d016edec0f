import { clean, command } from '../command.ts'
import { session } from '../peer-session.ts'
import type { LogFlags } from '../routes/jobs.ts'

interface Line {
  readonly kind: 'log' | 'dropped'
  readonly at: number
  readonly shard: number
  readonly attempt: number
  readonly stream: string
  readonly line: string
  readonly lines?: number
}

export const logs = command<LogFlags, [string]>(async (cli, flags, signal, id) => {
  const s = await session(cli, flags, signal)
  const show = (l: Line): void => {
    if (cli.json) cli.print(JSON.stringify(l))
    else if (l.kind === 'dropped')
      cli.remark(`(${l.lines} lines were too fast for this terminal; see them with: shoal logs ${id})`)
    else cli.print(clean(`[${l.shard}.${l.attempt}] ${l.line}`))
  }
  const kept: Line[] = []
  try {
    for await (const line of s.client.lines<Line>(
      `/v1/jobs/${encodeURIComponent(id)}/logs?follow=${flags.follow ? 1 : 0}`,
      signal
    )) {
      if (flags.shard !== undefined && line.shard !== flags.shard) continue
      if (flags.tail === undefined || flags.follow) show(line)
      else {
        kept.push(line)
        if (kept.length > flags.tail) kept.shift()
      }
    }
    for (const line of kept) show(line)
  } finally {
    await s.close()
  }
})
