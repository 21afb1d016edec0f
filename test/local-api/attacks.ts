import type { ApiAttack } from './attack.ts'
import { browserAttacks } from './browser.ts'
import { programAttacks } from './program.ts'
import { resourceAttacks } from './resources.ts'

/** Every attack that the suite knows. */
export const attacks: readonly ApiAttack[] = [...browserAttacks, ...programAttacks, ...resourceAttacks]
