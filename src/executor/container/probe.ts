/**
 * The self-test: a program of some 300 bytes, written here as machine code so that it needs no image and no download, tries in a real
 * container what must fail there. Its exit code says what did not; a file in /out says that it could do what it may.
 */
import { concatBytes } from '../../protocol/byte-source.ts'
import { imageTar } from './tar.ts'

interface Attempt {
  /** What holds while the call fails. */
  readonly holds: string
  /** System call of x86-64, and its arguments; a text stands for its address. */
  readonly call: readonly [number, ...(number | string)[]]
}

const CREATE = 0o101 // O_WRONLY | O_CREAT
const OPEN = 2
const SOCKET = 41

/** At most seven: each is a bit of the exit code. */
export const ATTEMPTS: readonly Attempt[] = [
  { holds: 'no sockets of the internet', call: [SOCKET, 2, 1, 0] },
  { holds: 'no sockets to the host of a virtual machine', call: [SOCKET, 40, 1, 0] },
  { holds: 'no user namespaces', call: [272, 0x10000000] },
  // KEYCTL_GET_KEYRING_ID of the session's
  { holds: 'no keyrings', call: [250, 0, -3, 1] },
  { holds: 'a root folder that cannot be written', call: [OPEN, '/x', CREATE, 0o600] },
  { holds: 'input that cannot be written', call: [OPEN, '/in/x', CREATE, 0o600] },
  { holds: 'a kernel that cannot be written', call: [OPEN, '/proc/sys/kernel/core_pattern', 1, 0] }
]

/** Made by the probe: it may write there. */
export const MARK = 'written'
const BASE = 0x400000
const HEADERS = 64 + 56

const u32 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, (n >>> 24) & 0xff]

/** mov to eax, edi, esi, edx. */
const REGISTERS = [0xb8, 0xbf, 0xbe, 0xba]

const syscall = (values: readonly number[]): number[] => [
  ...REGISTERS.flatMap((move, i) => [move, ...u32(values[i] ?? 0)]),
  ...[0x0f, 0x05]
]

function assemble(address: (text: string) => number): number[] {
  const values = (call: Attempt['call']): number[] => call.map(v => (typeof v === 'string' ? address(v) : v))
  return [
    ...[0x45, 0x31, 0xe4], // xor r12d, r12d
    ...syscall(values([OPEN, `/out/${MARK}`, CREATE, 0o600])),
    ...ATTEMPTS.flatMap(({ call }, i) => [
      ...syscall(values(call)),
      ...[0x85, 0xc0, 0x78, 0x04], // test eax, eax; js over the next
      ...[0x41, 0x80, 0xcc, 1 << i] // or r12b, bit
    ]),
    ...[0xb8, ...u32(60), 0x44, 0x89, 0xe7, 0x0f, 0x05] // exit(r12d)
  ]
}

/** An ELF file of one segment (System V ABI, chapters 4 and 5). */
function elf(): Uint8Array {
  const texts: string[] = []
  const start = BASE + HEADERS + assemble(() => 0).length
  const code = assemble(text => {
    const at = start + texts.reduce((n, t) => n + t.length + 1, 0)
    texts.push(text)
    return at
  })
  const body = concatBytes([
    Uint8Array.from(code),
    new TextEncoder().encode(texts.map(t => `${t}\0`).join(''))
  ])
  const head = new Uint8Array(HEADERS)
  const view = new DataView(head.buffer)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint32(16, 2 | (62 << 16), true) // an executable, for x86-64
  view.setUint32(20, 1, true)
  const words: [number, number][] = [
    [24, BASE + HEADERS], // entry
    [32, 64], // program headers
    [64 + 16, BASE],
    [64 + 24, BASE],
    [64 + 32, HEADERS + body.length],
    [64 + 40, HEADERS + body.length],
    [64 + 48, 0x1000]
  ]
  for (const [at, value] of words) view.setBigUint64(at, BigInt(value), true)
  view.setUint32(52, 64 | (56 << 16), true) // sizes of the headers, and their number
  view.setUint16(56, 1, true)
  view.setUint32(64, 1, true) // loaded; readable and executable
  view.setUint32(68, 5, true)
  return concatBytes([head, body])
}

/** The probe as an image. x86-64 only. */
export const probeImage = (): Uint8Array =>
  imageTar([{ path: 'probe', data: elf() }], { architecture: 'amd64', Cmd: ['/probe'] })

/** What an exit code of the probe says is open. */
export const openIn = (code: number): string[] =>
  ATTEMPTS.filter((_, i) => (code & (1 << i)) !== 0).map(({ holds }) => `not true: ${holds}`)
