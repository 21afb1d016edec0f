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
    find: 'Math.min(quota.count, bucket.tokens + refill)',
    replace: 'bucket.tokens + refill',
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
    find: 'if (leave === undefined || !this.#quotas.take(from, method.name, method.quota)) {',
    replace: 'if (leave === undefined) {',
    means: 'a peer may ask as often as it likes',
    tests: ['test/integration/p2p/requests.test.ts']
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
    file: 'peers/scores.ts',
    find: 'ms * 2 ** times',
    replace: 'ms',
    means: 'an attacker comes back every half hour for ever',
    tests: guards
  },
  {
    id: 'score-never-fades',
    file: 'peers/scores.ts',
    find: 'return entry.score * 0.5 ** ((this.#clock.monotonic() - entry.at) / HALF_LIFE_MS)',
    replace: 'return entry.score',
    means: 'an honest peer with a bad line is banned after a few weeks',
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
    find: "if (verdict === 'reject') this.#parts.report(forwarder, 'invalid')",
    replace: "if (verdict === 'reject') this.#parts.report(author, 'invalid')",
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
