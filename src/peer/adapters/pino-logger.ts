/** The Logger port on pino: one JSON object a line, to a file descriptor or a file. */
import { pino, type Logger as Pino } from 'pino'
import type { Logger } from '../../protocol/ports/log.ts'
import { openLogFile } from './log-file.ts'

/** ethers errors print whole bytecodes and bigint breaks JSON: cut both. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint'
    ? value.toString()
    : typeof value === 'string' && value.length > 1000
      ? value.slice(0, 1000) + '…'
      : value

const safe = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { err, ...rest } = fields
  const out = JSON.parse(JSON.stringify(rest, plain)) as Record<string, unknown>
  if (err instanceof Error)
    out['err'] = { name: err.name, code: (err as { code?: string }).code, message: err.message.slice(0, 500) }
  else if (err !== undefined) out['err'] = String(err).slice(0, 500)
  return out
}

const wrap = (log: Pino): Logger => ({
  debug: (f, m) => log.isLevelEnabled('debug') && log.debug(safe(f), m),
  info: (f, m) => log.info(safe(f), m),
  warn: (f, m) => log.warn(safe(f), m),
  error: (f, m) => log.error(safe(f), m),
  child: f => wrap(log.child(safe(f)))
})

export interface LogTarget {
  readonly level: string
  /** File to append to; standard error when absent. */
  readonly file?: string
}

/** `close` lets the file go: after it nothing is written any more. */
export function createLogger(target: LogTarget): Logger & { close(): void } {
  const file = target.file === undefined ? undefined : openLogFile(target.file)
  const log = pino({ level: target.level, base: null }, file ?? pino.destination({ dest: 2, sync: true }))
  return { ...wrap(log), close: () => file?.close() }
}
