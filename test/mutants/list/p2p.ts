/** Bugs between peers: frames, quotas, cards, bans. */
import { within, type Mutant } from '../mutant.ts'

const guards = ['test/unit/p2p/guards.test.ts']
const quota = ['test/unit/p2p/quota.test.ts']
const scores = ['test/unit/p2p/scores.test.ts']

export const p2p: readonly Mutant[] = within('src/p2p', [
  {
    id: 'frame-length-believed',
    file: 'engine/frames.ts',
    find: 'if (length > this.#max) throw',
    replace: 'if (length > 64 * this.#max) throw',
    means: 'a stranger makes us hold room for what it never sends',
    tests: ['test/unit/p2p/frames.test.ts']
  },
  {
    id: 'quota-saved-up',
    file: 'engine/quota.ts',
    find: 'Math.min(room, bucket.tokens + (this.#clock.monotonic() - bucket.at) * perMs)',
    replace: 'bucket.tokens + (this.#clock.monotonic() - bucket.at) * perMs',
    means: 'a peer that was quiet for a day may flood us',
    tests: quota
  },
  {
    id: 'refused-but-counted',
    file: 'engine/quota.ts',
    find: 'tokens: allowed ? tokens - cost : tokens',
    replace: 'tokens: tokens - cost',
    means: 'a peer that asks while it is over its quota is shut out ever longer',
    tests: quota
  },
  {
    id: 'place-never-left',
    file: 'engine/quota.ts',
    find: 'const left = (this.#open.get(key) ?? 1) - 1',
    replace: 'const left = this.#open.get(key) ?? 1',
    means: 'after some requests a peer gets no answer any more',
    tests: quota
  },
  {
    id: 'place-lost-on-abort',
    file: 'engine/places.ts',
    find: '          place.waiting.splice(at, 1)\n',
    replace: '',
    means: 'a request that was given up while it waited takes a place for ever',
    tests: ['test/unit/p2p/places.test.ts']
  },
  {
    id: 'no-request-quota',
    file: 'engine/server.ts',
    find: 'if (!this.#admit(method, from) || leave === undefined)',
    replace: 'if (leave === undefined)',
    means: 'a peer may ask as often as it likes',
    tests: ['test/integration/limits/requests.test.ts']
  },
  {
    id: 'own-requests-unpaced',
    file: 'engine/client.ts',
    find: 'if (method.quota.windowMs <= PACED_MS) await',
    replace: 'if (method.quota.windowMs < 0) await',
    means: 'a busy requester asks more than others allow, and is refused',
    tests: ['test/integration/p2p/requests.test.ts']
  },
  {
    id: 'given-up-looks-like-garbage',
    file: 'guards/dht-guard.ts',
    find: 'if (isUnreadable(cause))',
    replace: 'if (cause !== undefined)',
    means: 'whoever looks for something in the DHT is banned by all who answer',
    tests: ['test/integration/p2p/honest-load.test.ts']
  },
  {
    id: 'late-loop-blames-others',
    file: 'engine/quota.ts',
    find: 'const room = quota.count + this.#lateMs(quota.windowMs) * perMs',
    replace: 'const room = quota.count',
    means: 'a peer that was stopped for ten seconds bans those whose messages have waited meanwhile',
    tests: guards
  },
  {
    id: 'wrong-measure-bans-all',
    file: 'guards/offences.ts',
    find: 'if (met.size < DOUBT_AT ||',
    replace: 'if (met.size < 99 ||',
    means: 'a budget that is too small bans the whole network, one peer after the other',
    tests: guards
  },
  {
    id: 'ban-without-a-word',
    file: 'peers/expulsion.ts',
    find: 'if (!WITHOUT_A_WORD.has(kind)) await this.#parts.farewell.say(connection)',
    replace: '',
    means: 'an honest peer that was banned by mistake never learns why nobody answers',
    tests: ['test/integration/p2p/farewell.test.ts']
  },
  {
    id: 'banned-but-served',
    file: 'guards/connection-guard.ts',
    find: '      if (banned(peer) && !ours(streamID)) return\n',
    replace: '',
    means: 'a banned peer is let in to be told, and asks what it likes',
    tests: ['test/integration/p2p/farewell.test.ts']
  },
  {
    id: 'knocks-at-closed-doors',
    file: 'peers/notices.ts',
    find: 'if (notice.nextTry > now) return false',
    replace: '',
    means: 'a peer that knows that it is banned dials again with every request',
    tests: ['test/unit/p2p/notices.test.ts']
  },
  {
    id: 'own-troubles-told',
    file: 'engine/wire.ts',
    find: 'if (isShoalError(thrown) && isWireCode(thrown.code)) {',
    replace: 'if (isShoalError(thrown)) {',
    means: 'errors of our disk and keys are told to strangers',
    tests: ['test/unit/p2p/wire.test.ts']
  },
  {
    id: 'card-of-another',
    file: 'cards.ts',
    find: "if (card.peer !== peer) throw new ShoalError('SIGNATURE_INVALID', 'The card belongs to another peer.')",
    replace: '',
    means: 'a peer publishes its card under the name of another',
    tests: ['test/unit/p2p/cards.test.ts']
  },
  {
    id: 'old-card-wins',
    file: 'cards.ts',
    find: 'own[0] > rank[0] ||',
    replace: 'own[0] < rank[0] ||',
    means: 'a peer that moved is looked for where it was',
    tests: ['test/unit/p2p/cards.test.ts']
  },
  {
    id: 'old-record-replaces-new',
    file: 'guards/dht-store.ts',
    find: '[theirs, ours]) !== 0',
    replace: '[theirs, ours]) > 1',
    means: 'an old card is played back into the DHT',
    tests: ['test/integration/p2p/dht-store.test.ts']
  },
  {
    id: 'bans-never-longer',
    file: 'peers/bans.ts',
    find: 'BAN_MS * 2 ** (times - 1)',
    replace: 'BAN_MS',
    means: 'an attacker comes back every half hour for ever',
    tests: guards
  },
  {
    id: 'score-never-fades',
    file: 'peers/scores.ts',
    find: 'const left = 0.5 ** ((now - entry.at) / HALF_LIFE_MS)',
    replace: 'const left = 1',
    means: 'acts that lie weeks apart are a ban together, and a bad hour is never forgotten',
    tests: scores
  },
  {
    id: 'failures-are-evidence',
    file: 'peers/scores.ts',
    find: 'return Math.max(0, reliability) + standing',
    replace: 'return reliability + standing - 3 * RELIABILITY_MAX',
    means: 'a peer that was slow for a while is not heard any more',
    tests: scores
  },
  {
    id: 'dead-address-kept',
    file: 'peers/address-book.ts',
    find: 'if (entry.failures >= FAILURES_MAX)',
    replace: 'if (entry.failures < 0)',
    means: 'peers that are gone are dialled for ever',
    tests: ['test/unit/p2p/address-book.test.ts']
  },
  {
    id: 'open-connections-uncounted',
    file: 'guards/hosts.ts',
    find: 'if (here.pending.size + here.open.size >= this.#parts.max * share) return true',
    replace: 'if (here.pending.size >= this.#parts.max * share) return true',
    means: 'one host takes all connections of a peer',
    tests: guards
  },
  {
    id: 'knocking-is-free',
    file: 'guards/hosts.ts',
    find: "if (host !== undefined && !this.#strikes.take(host, 'knocks', guardLimits.hosts.knocks))",
    replace: 'if (host === undefined)',
    means: 'a host that was banned goes on knocking with new identities at our cost',
    tests: guards
  },
  {
    id: 'author-pays-for-forwarder',
    file: 'gossip.ts',
    find: "if (verdict === 'reject') offences.prove(forwarder,",
    replace: "if (verdict === 'reject') offences.prove(author,",
    means: 'a liar that passes on forged gossip is not the one that is punished',
    tests: ['test/unit/p2p/gossip.test.ts']
  },
  {
    id: 'announcement-outlives-its-bid',
    file: 'announcements.ts',
    find: 'Math.min(ms, ANNOUNCEMENT_MS)',
    replace: 'ANNOUNCEMENT_MS',
    means: 'a busy provider holds and repeats the announcements of all bids of two hours',
    tests: ['test/unit/p2p/announcements.test.ts']
  }
])
