/** Programs that rob: copies of the tree in which a few lines are other ones, each named by what it does to whom it deals with. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { soil } from '../../lies/hunt.ts'
import type { Edit } from '../../lies/plants.ts'
import { TreeCopy } from '../../mutants/copy.ts'

const ROOT = join(import.meta.dirname, '../../..')
const buying = (file: string): string => `src/peer/requester/${file}`

const OFFERS: Omit<Edit, 'replace'> = {
  file: buying('offer.ts'),
  find: '    needs: plan.common.needs,\n'
}
const PRICED: Omit<Edit, 'replace'> = {
  file: buying('agree.ts'),
  find: 'purchase({ price: bid.price, gas: offer.needs.gas }, ref.resumedFrom?.used)'
}

/** The task is made ready at once, and handed over when so many seconds are left until the deadline. */
const startsLate = (left: number): Edit => ({
  file: buying('start.ts'),
  find: '  const body = await startRequest(live, signal)\n',
  replace: `  const body = await startRequest(live, signal)
  while (!signal.aborted && entry.agreement.deliverBy - ctx.chainNow() > ${left}n) await live.pause(200, signal)
`
})

/** No receipt leaves its author, neither to the provider nor to the chain. */
const keepsReceipts: readonly Edit[] = [
  {
    file: buying('receipts.ts'),
    find: '  if (receipt === undefined) return true\n',
    replace: '  if (receipt === undefined || !signal.aborted) return true\n'
  },
  {
    file: buying('close.ts'),
    find: '  const { receipt, agreement } = entry\n  if (receipt === undefined) return\n',
    replace:
      '  const { receipt, agreement } = entry\n  if (receipt === undefined || !signal.aborted) return\n'
  }
]

/** A result that is as it should be is refused, and disputed when it is committed. */
const refusesAll: readonly Edit[] = [
  {
    file: buying('verify.ts'),
    find: 'accept: waiting.filter(c => verdict(c) === true).map(c => c.id)',
    replace: 'accept: waiting.filter(c => verdict(c) === false).map(c => c.id)'
  },
  {
    file: buying('verify.ts'),
    find: 'dispute: waiting.filter(c => verdict(c) === false).map(c => c.id)',
    replace: 'dispute: waiting.filter(c => verdict(c) === true).map(c => c.id)'
  }
]

/** The shortest time that the contract gives an arbiter: nothing else than how long a test takes depends on it. */
const shortArbitration: Edit = {
  file: buying('agree.ts'),
  find: 'export const ARBITRATION_SECONDS = 3_600',
  replace: 'export const ARBITRATION_SECONDS = 60'
}

const RESTS: Edit = {
  ...PRICED,
  replace: 'purchase({ price: bid.price, gas: offer.needs.gas }, (offer.needs.gas * 9n) / 10n)'
}

/** What each program does otherwise than ours. */
export const robbers = {
  /** Offers a tenth of the gas that its spec asks for. */
  moreGas: [
    { ...OFFERS, replace: '    needs: { ...plan.common.needs, gas: plan.common.needs.gas / 10n },\n' }
  ],
  /** Offers half of the memory that its spec asks for. */
  moreMemory: [
    {
      ...OFFERS,
      replace: '    needs: { ...plan.common.needs, memoryBytes: plan.common.needs.memoryBytes / 2 },\n'
    }
  ],
  /** Pays for a tenth of the work, as if the rest had been done, and hands all of it over as bought. */
  partForAll: [
    {
      ...PRICED,
      replace:
        '{ ...purchase({ price: bid.price, gas: offer.needs.gas }, (offer.needs.gas * 9n) / 10n), gas: offer.needs.gas }'
    }
  ],
  /** Pays for a tenth of the work, as if the rest had been done, and hands over a task that has all before it. */
  restForAll: [RESTS],
  /** The same, signs nothing for what was done, and disputes it. */
  restAndUnpaid: [
    RESTS,
    shortArbitration,
    {
      file: buying('task-failed.ts'),
      find: ': await signReceipt(live, failureDigest(stated), worthOf(live, gas))',
      replace: ': live.entry.receipt'
    }
  ],
  /** Hands the task over when it can no longer be delivered. */
  lateStart: [startsLate(8)],
  /** Hands it over as late as it may, so that a receipt could not come in time, and sends none. */
  lateAndUnpaid: [startsLate(16), ...keepsReceipts],
  /** Takes the result and pays nothing. */
  neverPays: keepsReceipts,
  /** Disputes a right result. */
  falseDispute: [...refusesAll, shortArbitration],
  /** The same, and brings the arbiter nothing. */
  withholdsEvidence: [
    ...refusesAll,
    shortArbitration,
    {
      file: buying('evidence.ts'),
      find: '  const heard = await live.pleading.step(ctx, entry.agreement, make, signal)\n',
      replace: '  const heard = await Promise.resolve(undefined)\n'
    }
  ],
  /** Sells: commits a result that it made up. */
  garbage: [
    {
      file: 'src/peer/provider/run-task.ts',
      find: 'return await sealResult(live, run.collect(), total, signal)',
      replace: `{
      const { bundleFromMap } = await import('../../protocol/bundle.ts')
      const made = bundleFromMap(new Map([['final.txt', new TextEncoder().encode('made up')]]))
      return await sealResult(live, oneChunk(made), total, signal)
    }`
    }
  ]
} as const satisfies Readonly<Record<string, readonly Edit[]>>

export type Robber = keyof typeof robbers

/** A tree that holds a robber's program. Throws when the lines that it changes are not there exactly once. */
export async function treeOf(robber: Robber): Promise<TreeCopy> {
  const texts = soil({ id: robber, means: '', look: [], edits: robbers[robber] })
  const copy = await TreeCopy.make(ROOT)
  for (const [file, text] of texts) await writeFile(join(copy.root, file), text)
  return copy
}
