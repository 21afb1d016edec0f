import { dirname, resolve } from 'node:path'
import { formatAmount, SYMBOL } from '../../protocol/money.ts'
import { ruleText } from '../../peer/compare-text.ts'
import { compareRuleOf } from '../../peer/jobfile/compare.ts'
import { parseJobFile } from '../../peer/jobfile/parse.ts'
import { readModule } from '../../peer/requester/modules.ts'
import { shardInputs, sizeOf } from '../../peer/requester/inputs.ts'
import { askedOf } from '../../peer/requester/asked.ts'
import { warningsFor } from '../../peer/requester/names.ts'
import { clean, command } from '../command.ts'
import { table } from '../ui/table.ts'

/** Checks the file, and that its module and inputs are there. */
export const validate = command<{ json: boolean }, [string]>(async (cli, _flags, signal, path) => {
  const full = resolve(cli.cwd, path)
  const job = parseJobFile(new TextDecoder().decode(await cli.files.read(full, { max: 1024 * 1024 })), path)
  const module = await readModule(job.task.module, dirname(full), 'task.module', cli.files, job.task.engine)
  if (typeof job.gather === 'object')
    await readModule(job.gather.module, dirname(full), 'gather.module', cli.files)
  const shards = await shardInputs(job, dirname(full), cli.files, signal)
  const paths = new Set([...new Set(shards)].flatMap(list => list.map(f => f.path)))
  const warnings = warningsFor([...paths])
  const limits = askedOf(job, module.byteLength, shards)
  const bytes = shards.reduce((n, s) => n + sizeOf(s), 0)
  if (cli.json)
    return cli.print(
      JSON.stringify({
        ok: true,
        name: job.name,
        shards: job.count,
        inputBytes: bytes,
        verify: { ...job.verify, compare: compareRuleOf(job) ?? { by: 'bytes' } },
        maxPrice: formatAmount(job.price.max),
        warnings,
        limits
      })
    )
  cli.print(
    `${path} is a job of ${job.count} shard${job.count === 1 ? '' : 's'}, ${bytes} bytes of input, at most ${formatAmount(job.price.max)} ${SYMBOL}.${job.verify.tier === 'none' ? '' : ` ${job.verify.copies} copies, results compared ${ruleText(compareRuleOf(job))}.`}`
  )
  for (const warning of warnings) cli.print(`Note: ${clean(warning)}.`)
  cli.print('')
  cli.print(
    table(
      ['limit', 'asked', 'at most'],
      limits.map(l => [l.what, l.asked, l.most])
    )
  )
})
