/**
 * The filter of `sandbox/seccomp/filter.ts` as a profile of the OCI runtime specification (config-linux.md, "Seccomp"), which is the form
 * that podman takes. The usual profile of container engines is no use here: it lets unshare(NEWUSER), keyctl and AF_VSOCK pass.
 */
import { allowed } from '../sandbox/seccomp/allowed.ts'
import { AF_UNIX, CLONE_NEW, TIOCLINUX, TIOCSTI } from '../sandbox/seccomp/filter.ts'
import type { Arch } from '../sandbox/seccomp/syscalls.ts'

/** Linux, asm-generic/errno.h. */
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97]

const ARCH = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const

interface Argument {
  readonly index: number
  readonly value: number
  readonly valueTwo?: number
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_MASKED_EQ'
}

interface Rule {
  readonly names: readonly string[]
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  readonly errnoRet?: number
  readonly args?: readonly Argument[]
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO'
  readonly defaultErrnoRet: number
  readonly architectures: readonly string[]
  readonly syscalls: readonly Rule[]
}

const when = (name: string, argument: Argument): Rule => ({
  names: [name],
  action: 'SCMP_ACT_ALLOW',
  args: [argument]
})
const fails = (name: string, errnoRet: number, argument?: Argument): Rule => ({
  names: [name],
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  ...(argument === undefined ? {} : { args: [argument] })
})

/** The kernel takes the low half of ioctl's number alone. */
const WORD = 32

/**
 * Passes when the low half of an argument is none of these. A comparison of the whole would let a number pass that has more in its high
 * half, and a profile cannot say "and" about one argument: so each rule takes those that begin like a forbidden one and then differ.
 */
function lowHalfIsNone(name: string, index: number, forbidden: readonly number[]): Rule[] {
  const rules = new Map<string, Rule>()
  for (const number of forbidden)
    for (let bit = WORD - 1; bit >= 0; bit--) {
      const mask = 2 ** WORD - 2 ** bit
      const value = ((number ^ (2 ** bit)) >>> 0) - (number % 2 ** bit)
      const leadsToOther = forbidden.some(other => other - (other % 2 ** bit) === value)
      if (leadsToOther) continue
      rules.set(
        `${bit} ${value}`,
        when(name, { index, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' })
      )
    }
  return [...rules.values()]
}

/** Calls whose arguments or answers differ. */
const LOOKED_AT: readonly Rule[] = [
  // masked: the second value is what must be left over, no new namespace
  when('clone', { index: 0, value: CLONE_NEW, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
  fails('clone3', ENOSYS),
  fails('socket', EAFNOSUPPORT),
  when('socketpair', { index: 0, value: AF_UNIX, op: 'SCMP_CMP_EQ' }),
  fails('socketpair', EAFNOSUPPORT, { index: 0, value: AF_UNIX, op: 'SCMP_CMP_NE' }),
  ...lowHalfIsNone('ioctl', 1, [TIOCSTI, TIOCLINUX]),
  when('prlimit64', { index: 0, value: 0, op: 'SCMP_CMP_EQ' })
]

/** All that is not named fails with EPERM; another architecture than this one is not let in at all. */
export function seccompProfile(arch: Arch): SeccompProfile {
  const special = new Set(LOOKED_AT.flatMap(rule => rule.names))
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: [ARCH[arch]],
    syscalls: [
      { names: [...allowed].filter(name => !special.has(name)).sort(), action: 'SCMP_ACT_ALLOW' },
      ...LOOKED_AT
    ]
  }
}
