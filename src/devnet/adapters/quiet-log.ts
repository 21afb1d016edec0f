/** A logger that keeps quiet: the demo's own chain reader has nothing to tell that its children do not log. */
import type { Logger } from '../../protocol/ports/log.ts'

const nothing = (): void => undefined
export const systemLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => systemLogger
}
