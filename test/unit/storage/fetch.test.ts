/** Content that nobody delivers: whose trouble that is, its error tells. */
import { expect } from 'chai'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { ownTrouble } from '../../../src/protocol/own-trouble.ts'
import type { Blocks } from '../../../src/storage/blocks.ts'
import { FetchedBlocks } from '../../../src/storage/fetch.ts'
import { storageLimits } from '../../../src/storage/limits.ts'
import { ManualClock } from '../../support/clock.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const root = CID.parse(r.object.cid)
const emfile = Object.assign(new Error('x'), { code: 'EMFILE' })

/** What comes of asking for a block whose only source fails like this. */
async function failureOf(on: 'connect' | 'ask', cause: Error): Promise<unknown> {
  const fails = async (): Promise<never> => {
    throw new ShoalError('PEER_UNREACHABLE', 'no', { cause })
  }
  const fetched = new FetchedBlocks({
    ...{ root, clock: new ManualClock(), limits: storageLimits, log: noLog, maxBlocks: 4 },
    blocks: { get: async () => undefined } as unknown as Blocks,
    exchange: {
      ...{ start: async () => undefined, stop: async () => undefined, announce: async () => undefined },
      ask: fails,
      async *providers() {
        yield* []
      }
    },
    from: peerIdFromString(r.provider.identity.peerId),
    connect: on === 'connect' ? fails : async () => undefined,
    use: { names: new Set(), use: () => undefined, end: () => undefined },
    signal: new AbortController().signal
  })
  try {
    return await fetched.get(root).catch((e: unknown) => e)
  } finally {
    await fetched.close()
  }
}

describe('content that nobody delivers', () => {
  it('says that it is our own machine that could not ask', async () => {
    for (const on of ['connect', 'ask'] as const) {
      const error = await failureOf(on, emfile)
      expect(error).to.include({ code: 'CONTENT_NOT_FOUND' })
      expect(ownTrouble(error), on).to.equal('too many open files')
    }
  })

  it('is nobody else but its source when that refuses', async () => {
    for (const on of ['connect', 'ask'] as const) {
      const error = await failureOf(on, Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))
      expect(error).to.include({ code: 'CONTENT_NOT_FOUND' })
      expect(ownTrouble(error), on).to.equal(undefined)
    }
  })
})
