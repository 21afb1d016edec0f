import type { GossipSub } from '@libp2p/gossipsub'
import { expect } from 'chai'
import { Gossip, type Validate } from '../../../src/p2p/gossip.ts'
import type { Offences } from '../../../src/p2p/guards/offences.ts'
import type { Names } from '../../../src/p2p/names.ts'
import { GOSSIP_MESSAGE_MAX } from '../../../src/protocol/limits.ts'
import { noLog } from '../../support/tasks.ts'
import { FakeClock } from './fake-clock.ts'

type Judge = (source: string, message: object) => Promise<string>

/** What becomes of one message that `forwarder` brought and `author` wrote. */
async function judged(validate: Validate, message: object = {}, banned: readonly string[] = [], room = true) {
  const validators = new Map<string, Judge>()
  const said: string[] = []
  const gossip = new Gossip({
    pubsub: { topicValidators: validators } as unknown as GossipSub,
    names: { topic: (name: string) => name } as unknown as Names,
    clock: new FakeClock(),
    log: noLog,
    banned: peer => banned.includes(peer),
    offences: {
      within: (peer: string, what: string) => (said.push(`${peer} ${what}`), room),
      prove: (peer: string, kind: string) => void said.push(`${peer} ${kind}`)
    } as unknown as Offences
  })
  gossip.subscribe('t', validate, () => undefined)
  const all = { type: 'signed', from: 'author', data: Uint8Array.of(1), ...message }
  return { verdict: await validators.get('t')?.('forwarder', all), said }
}

describe('judged gossip', () => {
  const says = (verdict: 'accept' | 'ignore' | 'reject') => (): Promise<typeof verdict> =>
    Promise.resolve(verdict)

  it('who passed a forgery on is punished, not who is named as its author', async () => {
    const forged = ['forwarder forged-record']
    expect(await judged(says('reject'))).to.deep.equal({ verdict: 'reject', said: forged })
    const tooLarge = await judged(says('accept'), { data: new Uint8Array(GOSSIP_MESSAGE_MAX + 1) })
    expect(tooLarge).to.deep.equal({ verdict: 'reject', said: forged })
  })

  it('what is old, new or unknown costs nothing: our own clock or version may be wrong', async () => {
    expect(await judged(says('ignore'))).to.deep.equal({ verdict: 'ignore', said: [] })
    expect(await judged(says('accept'))).to.deep.equal({ verdict: 'accept', said: [] })
  })

  it('an author has a budget for what it brings itself; what others bring of it is not counted', async () => {
    const own = { from: 'forwarder' }
    const said = ['forwarder messages of its own']
    expect(await judged(says('accept'), own)).to.deep.equal({ verdict: 'accept', said })
    expect(await judged(says('accept'), own, [], false)).to.deep.equal({ verdict: 'ignore', said })
  })

  it('a banned author, an unsigned message and a mistake of ours are ignored', async () => {
    expect(await judged(says('accept'), {}, ['author'])).to.deep.equal({ verdict: 'ignore', said: [] })
    expect((await judged(says('accept'), { type: 'unsigned' })).verdict).to.equal('ignore')
    const broken = await judged(() => Promise.reject(new Error('our bug')))
    expect(broken.verdict).to.equal('ignore')
  })
})
