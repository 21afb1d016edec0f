/** All deliberate bugs, in the order of the path: what is said, who gets the work, what is sealed and run, who is paid. */
import type { Mutant } from '../mutant.ts'
import { arbiter } from './arbiter.ts'
import { capacity } from './capacity.ts'
import { cli } from './cli.ts'
import { contracts } from './contracts.ts'
import { engines } from './engines.ts'
import { executor } from './executor.ts'
import { market } from './market.ts'
import { p2p } from './p2p.ts'
import { peer } from './peer.ts'
import { protocol } from './protocol.ts'
import { provider } from './provider.ts'
import { requester } from './requester.ts'
import { settlement } from './settlement.ts'
import { storage } from './storage.ts'

export const mutants: readonly Mutant[] = [
  ...protocol,
  ...p2p,
  ...market,
  ...capacity,
  ...storage,
  ...executor,
  ...engines,
  ...requester,
  ...provider,
  ...arbiter,
  ...peer,
  ...settlement,
  ...contracts,
  ...cli
]
