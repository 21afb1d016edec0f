/** What an owner may say about its machine while it sells, with the real program and a real network. */
import { expect } from 'chai'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { layoutOf } from '../../src/peer/home/layout.ts'
import { shoal, startShoal, until } from '../support/e2e/cli.ts'
import { makeText, WORDCOUNT } from '../support/e2e/jobs.ts'
import { startWorld, type World } from '../support/e2e/world.ts'

interface Status {
  readonly provider: {
    readonly class: string
    readonly gpus: readonly unknown[]
    readonly policy: { readonly open: boolean; readonly reason?: string; readonly configProblem?: string }
    readonly room: {
      readonly memoryBytes: number
      readonly diskBytes: number
      readonly reasons: readonly string[]
    }
    readonly refusals: Readonly<Record<string, number>>
  }
}
interface Offers {
  readonly offers: readonly { slotsFree: number; diskBytes: number; ask: string; class: string }[]
}

describe("an owner's word", function () {
  this.timeout(180_000)
  let world: World
  let provider: string
  let text: string
  const own = (...args: string[]) => shoal(args, { home: provider })
  // straight from the peer: the command line itself refuses a configuration that is wrong
  const ask = async <T>(path: string): Promise<T> => {
    const client = world.net.peers[0]?.client
    if (client === undefined) throw new Error('no provider')
    return await client.call<T>('GET', path)
  }
  const status = async (): Promise<Status['provider']> => (await ask<Status>('/v1/status')).provider
  const offers = async (): Promise<Offers['offers']> => (await ask<Offers>('/v1/offers')).offers

  before(async () => {
    world = await startWorld('owner', { peers: 1, slots: 1 })
    provider = world.net.peers[0]?.home ?? ''
    text = join(world.folder, 'text.txt')
    await writeFile(text, makeText(4_000))
  })
  after(async () => {
    await world?.stop()
  })

  it('pause offers nothing and says why, resume offers again', async () => {
    expect((await status()).policy.open).to.equal(true)
    const paused = await own('pause', '--for', '2h')
    expect(paused.stdout).to.match(/paused for another [12]h\d\dm.*shoal resume/)
    await until('no slot is free', 30_000, async () => (await offers())[0]?.slotsFree === 0)
    expect((await own('top', '--once')).stdout).to.contain('takes on nothing new: paused')
    expect((await own('resume')).stdout).to.contain('Open for work')
    await until('a slot is free', 30_000, async () => (await offers())[0]?.slotsFree === 1)
  })

  it('config.yaml is read again while the peer runs; a mistake in it is said and changes nothing', async () => {
    const path = layoutOf(provider).config
    const before = await readFile(path, 'utf8')
    expect(before).to.match(/^provider:/m)
    await writeFile(path, before.replace(/^provider:\n/m, 'provider:\n  ask: "0.0123"\n'))
    await until('the new ask is heard', 30_000, async () => (await offers())[0]?.ask === '0.0123')
    await appendFile(path, '\nnonsense: 1\n')
    await until(
      'the mistake is said',
      30_000,
      async () => (await status()).policy.configProblem !== undefined
    )
    expect((await status()).policy.configProblem).to.contain('nonsense')
    expect((await offers())[0]?.ask).to.equal('0.0123')
    await writeFile(path, before)
    await until('all is as before', 30_000, async () => (await status()).policy.configProblem === undefined)
  })

  it('what is not there is not sold: the advert, status, doctor and top say why, and it comes back by itself', async () => {
    const path = layoutOf(provider).config
    const before = await readFile(path, 'utf8')
    await writeFile(path, before.replace(/^provider:\n/m, 'provider:\n  reserve: { disk: 8000TiB }\n'))
    await until('nothing is on offer', 30_000, async () => {
      const [offer] = await offers()
      return offer?.slotsFree === 0 && offer.diskBytes === 0
    })
    const { policy, room } = await status()
    expect(policy.open).to.equal(false)
    expect(policy.reason).to.match(
      /^disk: .* free, .* kept back \(provider\.reserve\.disk\); nothing is on offer$/
    )
    expect(room.reasons).to.deep.equal([policy.reason])
    expect((await own('doctor')).stdout).to.match(/on offer .*nothing: disk: /)
    expect((await own('top', '--once')).stdout).to.contain('takes on nothing new: disk: ')
    await writeFile(path, before)
    await until('it is sold again', 30_000, async () => (await offers())[0]?.slotsFree === 1)
    expect((await status()).room.reasons).to.deep.equal([])
  })

  it('a job that needs a GPU or a class that nobody has proven gets no bid, and the provider says why', async function () {
    const { gpus } = await status()
    if (gpus.length > 0) this.skip() // this machine has one
    const file = join(world.folder, 'gpu.yaml')
    const module = join(dirname(WORDCOUNT), 'wordcount.wasm')
    await writeFile(
      file,
      `name: gpu\ntask: { module: ${module} }\ninputs: { text.txt: ${text} }\nresources: { gpu: 24GB }\ndeadline: 3m\n`
    )
    const buyer = { home: world.net.requester.home }
    const buying = startShoal(['run', file, '-y', '--json', '--out', join(world.folder, 'never')], buyer)
    await until('it is refused', 30_000, async () => ((await status()).refusals['gpu-missing'] ?? 0) > 0)
    buying.child.kill('SIGINT')
    expect((await buying.done).code).not.to.equal(0)
    expect((await status()).class).to.equal('general')
  })
})
