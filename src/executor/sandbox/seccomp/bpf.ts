/** Classic BPF as seccomp takes it: what linux/filter.h and linux/seccomp.h call by these names, 8 bytes an instruction. */

/** Loads a 32-bit word of struct seccomp_data. */
export const LOAD = 0x20
export const JUMP_EQUAL = 0x15
export const JUMP_AT_LEAST = 0x35
export const JUMP_ANY_BIT = 0x45
export const RETURN = 0x06

export const ALLOW = 0x7fff0000
export const KILL_PROCESS = 0x80000000
const ERRNO = 0x00050000

export const EPERM = 1
export const ENOSYS = 38
export const EAFNOSUPPORT = 97

/** The call fails with this error and is not made. */
export const fail = (errno: number): number => ERRNO | errno

/** Offsets in struct seccomp_data. Arguments are 64 bits wide; the low word comes first on both of our architectures. */
export const AT = { number: 0, arch: 4, argument: (n: number) => 16 + 8 * n } as const

/** opcode, jump when true, jump when false, operand. */
export type Instruction = readonly [op: number, jt: number, jf: number, k: number]

/** As an array of struct sock_filter, little endian. */
export function assemble(code: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(code.length * 8)
  const view = new DataView(bytes.buffer)
  code.forEach(([op, jt, jf, k], i) => {
    view.setUint16(i * 8, op, true)
    view.setUint8(i * 8 + 2, jt)
    view.setUint8(i * 8 + 3, jf)
    view.setUint32(i * 8 + 4, k >>> 0, true)
  })
  return bytes
}
