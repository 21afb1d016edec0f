import type { Arch } from './syscalls.ts'
import type { Instruction } from './bpf.ts'
import { allowed } from './allowed.ts'
import { ALLOW, AT, EAFNOSUPPORT, ENOSYS, EPERM, fail, KILL_PROCESS } from './bpf.ts'
import { assemble, JUMP_ANY_BIT, JUMP_AT_LEAST, JUMP_EQUAL, LOAD, RETURN } from './bpf.ts'
import { syscallsOf } from './syscalls.ts'

/** AUDIT_ARCH_* of linux/audit.h. */
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
/** Calls of the x32 ABI carry this bit: another way to the same kernel functions. */
const X32_BIT = 0x40000000
/** All CLONE_NEW*, of linux/sched.h, that clone() takes. */
export const CLONE_NEW = 0x7e020000
const CLONE_THREAD = 0x00010000
export const AF_UNIX = 1
/** Put characters into a terminal's input; reach the console. */
export const TIOCSTI = 0x5412
export const TIOCLINUX = 0x541c

/** `one`: threads but no child processes, for runners that need none. */
export type Processes = 'one' | 'many'

const ret = (verdict: number): Instruction => [RETURN, 0, 0, verdict]
const load = (offset: number): Instruction => [LOAD, 0, 0, offset]

/** For one call: looks at an argument, then returns. */
type Rule = readonly Instruction[]

function rulesOf(processes: Processes): ReadonlyMap<string, Rule> {
  // clone: no new namespaces; with `one`, threads alone
  const threadsOnly: Rule = [[JUMP_ANY_BIT, 1, 0, CLONE_THREAD], ret(fail(EPERM))]
  const clone: Rule = [
    load(AT.argument(0)),
    [JUMP_ANY_BIT, 0, 1, CLONE_NEW],
    ret(fail(EPERM)),
    ...(processes === 'one' ? threadsOnly : []),
    ret(ALLOW)
  ]
  const noChildren: Rule = [ret(processes === 'one' ? fail(EPERM) : ALLOW)]
  return new Map<string, Rule>([
    ['clone', clone],
    // its flags lie in memory, where a filter cannot look: the C library falls back to clone
    ['clone3', [ret(fail(ENOSYS))]],
    ['fork', noChildren],
    ['vfork', noChildren],
    ['socket', [ret(fail(EAFNOSUPPORT))]],
    // pipes between parent and child
    ['socketpair', [load(AT.argument(0)), [JUMP_EQUAL, 1, 0, AF_UNIX], ret(fail(EAFNOSUPPORT)), ret(ALLOW)]],
    [
      'ioctl',
      [
        load(AT.argument(1)),
        [JUMP_EQUAL, 1, 0, TIOCSTI],
        [JUMP_EQUAL, 0, 1, TIOCLINUX],
        ret(fail(EPERM)),
        ret(ALLOW)
      ]
    ],
    // limits of itself alone
    ['prlimit64', [load(AT.argument(0)), [JUMP_EQUAL, 1, 0, 0], ret(fail(EPERM)), ret(ALLOW)]]
  ])
}

/** Runs of numbers with one verdict, from the highest down: each a comparison and a return. Numbers in no table are unknown here. */
function verdicts(numbers: ReadonlyMap<string, number>): Instruction[] {
  const known = new Map([...numbers].map(([name, nr]) => [nr, allowed.has(name) ? ALLOW : fail(EPERM)]))
  const top = Math.max(...known.keys())
  const code: Instruction[] = []
  const at = (nr: number): number => known.get(nr) ?? fail(ENOSYS)
  for (let nr = top + 1; nr > 0; nr--)
    if (at(nr) !== at(nr - 1)) code.push([JUMP_AT_LEAST, 0, 1, nr], ret(at(nr)))
  return [...code, ret(at(0))]
}

/**
 * The filter for one architecture: other architectures are killed, calls outside the list fail with EPERM, unknown ones with ENOSYS,
 * sockets with EAFNOSUPPORT. Bytes as `bwrap --seccomp` reads them.
 */
export function buildFilter(arch: Arch, processes: Processes = 'many'): Uint8Array {
  const numbers = syscallsOf(arch)
  const code: Instruction[] = [
    load(AT.arch),
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH[arch]],
    ret(KILL_PROCESS),
    load(AT.number)
  ]
  if (arch === 'x64') code.push([JUMP_AT_LEAST, 0, 1, X32_BIT], ret(fail(EPERM)))
  for (const [name, rule] of rulesOf(processes)) {
    const nr = numbers.get(name)
    if (nr !== undefined) code.push([JUMP_EQUAL, 0, rule.length, nr], ...rule)
  }
  return assemble([...code, ...verdicts(numbers)])
}

/** The architecture of this machine, if there is a table for it: without one, nothing is run. */
export const archOf = (arch: string): Arch | undefined =>
  arch === 'x64' || arch === 'arm64' ? arch : undefined
