/** Providers of one network prove to each other what they have, and their owners see it: real programs, real challenges. */
import { expect } from 'chai'
import { shoal, until } from '../support/e2e/cli.ts'
import { startWorld, type World } from '../support/e2e/world.ts'

interface Status {
  readonly provider: {
    readonly class: string
    readonly classes: readonly string[]
    readonly proven: Readonly<Record<string, number>>
    readonly attestations: readonly { readonly kind: string; readonly by: string; readonly score: number }[]
  }
}

describe('capacity that is proven', function () {
  this.timeout(280_000)
  let world: World
  before(async () => {
    // three, since two other operators must agree
    // so little memory and disk that they are not asked for: three peers share these cores, and a data set takes seconds of one
    const provider = { challenges: '10s', disk: '32MiB' }
    world = await startWorld('capacity', { peers: 3, slots: 1, config: { provider } })
  })
  after(async () => {
    await world?.stop()
  })
  const status = async (i: number): Promise<Status['provider']> => {
    const client = world.net.peers[i]?.client
    if (client === undefined) throw new Error('no such provider')
    return (await client.call<Status>('GET', '/v1/status')).provider
  }

  it('processor and line of a peer are proven by the two others, and its owner sees it', async () => {
    const kinds = ['cpu', 'network']
    let found = -1
    await until('everything of one peer is proven', 240_000, async () => {
      for (const i of [0, 1, 2]) {
        const { proven } = await status(i)
        if (kinds.every(k => (proven[k] ?? 0) > 0)) found = i
      }
      return found >= 0
    })
    const { proven, classes, attestations } = await status(found)
    expect([proven['gpu'], proven['memory'], proven['disk']]).to.deep.equal([0, 0, 0])
    expect(classes).to.include('general')
    for (const kind of kinds)
      expect(new Set(attestations.filter(a => a.kind === kind).map(a => a.by)).size, kind).to.equal(2)
    console.log(`      ${JSON.stringify(proven)}, ${classes.join(', ')}`)
    const home = world.net.peers[found]?.home ?? ''
    const said = await shoal(['doctor', '--json'], { home })
    const { findings } = JSON.parse(said.stdout) as { findings: { name: string; said: string }[] }
    expect(findings.find(f => f.name === 'proven network')?.said).to.match(/iB a second/)
    expect(findings.find(f => f.name === 'classes')?.said).to.contain('general')
  })
})
