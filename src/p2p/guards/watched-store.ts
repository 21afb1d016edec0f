/** The node's own store with its failures noted: a full disk makes libp2p forget who others are, and that is not their fault. */
import type { LevelDatastore } from 'datastore-level'
import type { OwnTroubles } from './own-troubles.ts'

/** The same store; every promise that it rejects is looked at once. */
export function watchedStore(store: LevelDatastore, troubles: Pick<OwnTroubles, 'note'>): LevelDatastore {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args)
        if (result instanceof Promise) result.catch((error: unknown) => troubles.note(error)) // its caller gets it too
        return result
      }
    }
  })
}
