import type { Attack } from '../attack.ts'
import { dhtAttacks } from './dht.ts'
import { gossipAttacks } from './gossip.ts'
import { requestAttacks } from './requests.ts'
import { transportAttacks } from './transport.ts'

/** Every attack that the suite knows, in the order in which they are run. */
export const attacks: readonly Attack[] = [
  ...requestAttacks,
  ...gossipAttacks,
  ...dhtAttacks,
  ...transportAttacks
]
