/**
 * The peer under test, a process of its own: node --expose-gc subject.ts HOME [plant]. Answers 'measure' and 'stop' over the channel
 * to its parent; with `plant` it leaks two kilobytes for each change of the journal, which the soak must find.
 */
import { open } from '../../src/cli/home.ts'
import { makeContext } from '../../src/cli/context.ts'
import { startOwn } from '../../src/cli/own-peer.ts'
import { measure, openFiles, resources } from './measure.ts'

const [home = '', plant] = process.argv.slice(2)
const say = (message: object): void => void process.send?.(message)
/** From the end of `stop` until what is left is counted, ms: sockets say good-bye. */
const SETTLE_MS = 2_000

const leaked: Uint8Array[] = []
const stop = new AbortController()
const cli = makeContext([])
// pipes are opened when first used; what the peer itself opens is counted from here on
process.stderr.write('')
process.stdout.write('')
let onMessage = (_: unknown): void => undefined
process.on('message', what => onMessage(what))
const before = { ...resources(), files: openFiles() }
const opened = await open(cli, { home })
const session = await startOwn(cli, { home }, opened, stop.signal)
const { ctx } = session.own
if (plant === 'plant') ctx.journal.listen(() => void leaked.push(new Uint8Array(2_048).fill(1)))

async function end(): Promise<void> {
  await session.close()
  await cli.clock.sleep(SETTLE_MS)
  const after = resources()
  const left = after.handles.filter(h => !before.handles.includes(h))
  const files = openFiles().filter(f => !before.files.includes(f))
  say({ kind: 'stopped', left, timers: after.timers - before.timers, files })
  process.disconnect()
}

onMessage = what => {
  if (what === 'measure') say({ kind: 'measure', ...measure(home, [ctx.stopping, stop.signal]) })
  if (what === 'stop') void end()
}
say({ kind: 'ready', api: session.client.url })
