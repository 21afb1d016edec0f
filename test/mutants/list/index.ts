/** All deliberate bugs, in the order of the path: what is said, who gets the work, what is sealed and run, who is paid. */
import type { Mutant } from '../mutant.ts'
import { market } from './market.ts'

export const mutants: readonly Mutant[] = [...market]
