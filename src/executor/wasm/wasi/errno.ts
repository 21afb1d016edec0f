/** Error numbers of WASI preview 1. */
export const ERRNO = {
  success: 0,
  badf: 8,
  exist: 20,
  fault: 21,
  ilseq: 25,
  inval: 28,
  isdir: 31,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  nxio: 60,
  perm: 63,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76
} as const

/** Thrown inside a host call; the guest gets the number. */
export class WasiError extends Error {
  readonly errno: number

  constructor(name: keyof typeof ERRNO) {
    super(name)
    this.errno = ERRNO[name]
  }
}
