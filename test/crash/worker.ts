/** Runs points that the runner sends, one after another, on an anvil of its own. */
import type { FromWorker, ToWorker } from './messages.ts'
import { Stage } from './scenario.ts'

const say = (message: FromWorker): void => void process.send?.(message)
const stage = await Stage.open()
const end = async (code: number): Promise<never> => {
  await stage.close()
  process.exit(code)
}
process.on('SIGINT', () => undefined) // the runner ends its workers itself
process.on('disconnect', () => void end(1))
await stage.record()
process.on('message', (message: ToWorker) => {
  if (message === 'end') void end(0)
  else void stage.run(message.point).then(outcome => say({ point: message.point, outcome }))
})
say('ready')
