/** What may follow on the command line. The shells' scripts call `shoal __complete WORDS...` for every Tab. */
import { proposeCompletions } from '@stricli/core'
import { appFor, root } from './app.ts'
import type { Cli } from './context.ts'

/** The hidden first word by which a shell asks. */
export const COMPLETE = '__complete'

/** Commands below one that can also be called alone (`shoal wallet`): the library proposes only that one's flags. */
function below(words: readonly string[]): string[] {
  const [first = '', partial = ''] = words
  const target = root.getRoutingTargetForInput(first)
  if (words.length !== 2 || target === undefined || !('getAllEntries' in target)) return []
  return target
    .getAllEntries()
    .map(e => e.name['convert-camel-to-kebab'])
    .filter(name => name.startsWith(partial))
}

/** Prints one proposal a line for the last of the words (which may be empty); never an error, a shell would show it. */
export async function complete(words: readonly string[], cli: Cli): Promise<void> {
  const asked = words.length === 0 ? [''] : words
  const all = (await proposeCompletions(appFor(asked, false), asked, cli)).map(p => p.completion)
  const proposals = all.filter(name => name !== '--') // the library's end of flags: of no use to a person
  for (const name of [...below(asked), ...proposals]) cli.print(name)
}
