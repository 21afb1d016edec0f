/** Runs a classic BPF program as the kernel would: what a seccomp filter answers to a system call. */
export interface Call {
  readonly arch: number
  readonly nr: number
  readonly args?: readonly number[]
}

/** The verdict, as SECCOMP_RET_*. Throws for a program that the kernel would not load. */
export function verdict(filter: Uint8Array, { arch, nr, args = [] }: Call): number {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, nr, true)
  data.setUint32(4, arch, true)
  args.forEach((a, i) => data.setUint32(16 + 8 * i, a >>> 0, true))
  const code = new DataView(filter.buffer, filter.byteOffset, filter.byteLength)
  const jump = (true_: boolean, pc: number): number => pc + code.getUint8(pc * 8 + (true_ ? 2 : 3))
  let acc = 0
  for (let pc = 0; pc * 8 < filter.length; pc++) {
    const k = code.getUint32(pc * 8 + 4, true)
    const op = code.getUint16(pc * 8, true)
    if (op === 0x06) return k
    if (op === 0x20) acc = data.getUint32(k, true)
    else if (op === 0x15) pc = jump(acc === k, pc)
    else if (op === 0x35) pc = jump(acc >= k, pc)
    else if (op === 0x45) pc = jump((acc & k) !== 0, pc)
    else throw new Error(`no such instruction: ${op}`)
  }
  throw new Error('the program runs over its end')
}
