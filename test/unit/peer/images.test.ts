/** Which providers get a container's job: those whose adverts name its image, and nobody hears of another's fault. */
import { expect } from 'chai'
import { NOTHING } from '../../../src/market/classes.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { ruleIds } from '../../../src/market/award.ts'
import { expectedBidders, reasonsAgainst } from '../../../src/market/expected.ts'
import { probeImage } from '../../../src/executor/container/probe.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { whyNobody } from '../../../src/peer/requester/nobody.ts'
import { makePlan } from '../../../src/peer/requester/plan.ts'
import { Requester } from '../../../src/peer/requester/requester.ts'
import type { CapacityAdvert, AdvertBody } from '../../../src/protocol/records/advert.ts'
import type { ImageNeed } from '../../../src/protocol/records/container.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import { ManualClock } from '../../support/clock.ts'
import { folderForEach } from '../../support/folders.ts'
import * as records from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const { hex, NOW, provider, stranger } = records
const ENGINES: AdvertBody['engines'] = [
  { id: 'container', version: '4.3.1', isolation: 'sandbox', speed: 1_000_000_000n }
]

const adverts = async (): Promise<CapacityAdvert[]> => [
  await records.advert(provider, {
    engines: ENGINES,
    ask: 1n,
    containers: { images: [hex(0x44)], uploads: false }
  }),
  await records.advert(stranger, {
    engines: ENGINES,
    ask: 1n,
    containers: { images: [hex(0x55)], uploads: true }
  })
]
const wanting = async (image: ImageNeed): Promise<TaskOffer> => {
  return await records.offer({ needs: { ...records.needs, engine: 'container', image } })
}

describe('a job whose task is a container', () => {
  const folder = folderForEach()

  it('is expected by those who name its image, or take uploads, and by no others', async () => {
    const known = await adverts()
    const expected = async (image: ImageNeed): Promise<string[]> =>
      [...expectedBidders(await wanting(image), known, ruleIds)].sort()
    const [first, second] = [provider, stranger].map(p => p.operator.address.toLowerCase())
    expect(await expected(hex(0x44))).to.deep.equal([first])
    expect(await expected(hex(0x55))).to.deep.equal([second])
    expect(await expected('upload')).to.deep.equal([second])
    expect(await expected(hex(0x66))).to.deep.equal([])
  })

  it('says why nobody bids, and what a provider would have to allow', async () => {
    const known = await adverts()
    const health = { bans: [], bannedBy: [], troubles: [], otherVersions: 0 }
    const network = { health: () => health, peers: () => [{}] }
    const ctx = {
      adverts: { list: () => known, serves: () => true, proven: () => NOTHING },
      ...{ clock: new ManualClock(NOW), network }
    } as unknown as PeerContext
    const strange = await wanting(hex(0x66))
    expect([...reasonsAgainst(strange, known, ruleIds)]).to.deep.equal([['image-missing', 2]])
    expect(whyNobody(ctx, strange)).to.equal(
      `of 2 known providers 2 not running its image; a provider runs it when its owner allows sha256:${'66'.repeat(32)}; shoal offers --json shows what each runs`
    )
    expect(whyNobody(ctx, await wanting('upload'))).to.equal(
      'of 2 known providers 1 taking no image that comes with a job, 1 silent'
    )
    expect(whyNobody({ ...ctx, adverts: { list: () => [] } as never }, strange)).to.equal(
      '1 peer is connected, and none that sells is known here'
    )
  })

  it('takes no bid of a provider whose advert names other images; one without an advert is believed', async () => {
    const [mine] = await adverts()
    const ctx = {
      ...{ clock: new ManualClock(NOW), typed: records.typed, identities: identityVerifier, log: noLog },
      network: { peerId: records.requester.identity.peerId, async *findProviders() {} },
      adverts: {
        of: (peer: string) => (peer === mine?.card.peer ? mine : undefined),
        serves: () => true,
        proven: () => NOTHING
      }
    } as unknown as PeerContext
    const { book } = new Requester(ctx)
    const offer = await wanting(hex(0x55))
    const stop = new AbortController()
    const collecting = book.collect(offer, () => false, stop.signal).catch(() => [])
    const refused = await book.accept(await records.bid(offer, provider))
    expect(refused.accepted).to.equal(false)
    expect(refused.refusal?.message).to.match(/does not say that you run this image/)
    expect(await book.accept(await records.bid(offer, stranger))).to.deep.equal({ accepted: true })
    stop.abort()
    await collecting
  })

  it('names in its offer the digest of an image, or that one comes along', async () => {
    const name = `docker.io/library/a@sha256:${'ab'.repeat(32)}`
    await writeFile(join(folder(), 'named.json'), JSON.stringify({ image: name }))
    await writeFile(join(folder(), 'image.tar'), probeImage())
    const imageOf = async (module: string, engine = 'container'): Promise<string | undefined> => {
      const put = async () => ({ cid: records.object.cid, key: records.object.key, size: 1 })
      const job = parseJobFile(`name: a\ntask: { engine: ${engine}, module: ${module} }\n`, 'job.yaml')
      const ports = {
        files: nodeFiles,
        content: { put },
        config: { maxInput: 1000 },
        clock: new ManualClock()
      }
      const where = { id: records.common.jobId, folder: folder(), out: join(folder(), 'out') }
      return (await makePlan(job, ports as unknown as PeerContext, where)).common.needs.image
    }
    expect(await imageOf('named.json')).to.equal(`0x${'ab'.repeat(32)}`)
    expect(await imageOf('image.tar')).to.equal('upload')
  })
})
