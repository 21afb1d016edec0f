import { expect } from 'chai'
import { allowed } from '../../../src/executor/sandbox/seccomp/allowed.ts'
import { ALLOW, fail, KILL_PROCESS } from '../../../src/executor/sandbox/seccomp/bpf.ts'
import { buildFilter } from '../../../src/executor/sandbox/seccomp/filter.ts'
import { syscallsOf, type Arch } from '../../../src/executor/sandbox/seccomp/syscalls.ts'
import { verdict } from '../../support/bpf.ts'

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 }
const [EPERM, ENOSYS, EAFNOSUPPORT] = [fail(1), fail(38), fail(97)]
/** Calls whose arguments decide. */
const LOOKED_AT = new Set(['clone', 'clone3', 'socket', 'socketpair', 'ioctl', 'prlimit64', 'fork', 'vfork'])
const arches: readonly Arch[] = ['x64', 'arm64']

for (const arch of arches) {
  const numbers = syscallsOf(arch)
  const filter = buildFilter(arch)
  const ask = (name: string, ...args: number[]): number =>
    verdict(filter, { arch: AUDIT[arch], nr: numbers.get(name) ?? -1, args })

  describe(`the filter of system calls on ${arch}`, () => {
    it('answers every number: allowed ones pass, known others are refused, unknown ones do not exist', () => {
      const names = new Map([...numbers].map(([name, nr]) => [nr, name]))
      for (let nr = 0; nr < 1_024; nr++) {
        const name = names.get(nr)
        if (name !== undefined && LOOKED_AT.has(name)) continue
        const want = name === undefined ? ENOSYS : allowed.has(name) ? ALLOW : EPERM
        expect(verdict(filter, { arch: AUDIT[arch], nr }), name ?? String(nr)).to.equal(want)
      }
    })

    it('looks at arguments where they decide', () => {
      expect(ask('clone', 0x01200011)).to.equal(ALLOW)
      for (const flag of [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
        expect(ask('clone', flag | 17), flag.toString(16)).to.equal(EPERM)
      expect(ask('clone3')).to.equal(ENOSYS)
      for (let family = 0; family < 64; family++) expect(ask('socket', family, 1)).to.equal(EAFNOSUPPORT)
      expect(ask('socketpair', 1, 1)).to.equal(ALLOW)
      expect(ask('socketpair', 2, 1)).to.equal(EAFNOSUPPORT)
      expect(ask('ioctl', 0, 0x5401)).to.equal(ALLOW)
      expect(ask('ioctl', 0, 0x5412)).to.equal(EPERM)
      expect(ask('ioctl', 0, 0x541c)).to.equal(EPERM)
      expect(ask('prlimit64', 0)).to.equal(ALLOW)
      expect(ask('prlimit64', 1)).to.equal(EPERM)
    })

    it('lets a runner without children start threads and no processes', () => {
      const one = buildFilter(arch, 'one')
      const clone = (flags: number): number =>
        verdict(one, { arch: AUDIT[arch], nr: numbers.get('clone') ?? -1, args: [flags] })
      expect(clone(0x3d0f00)).to.equal(ALLOW) // what the C library gives for a thread
      expect(clone(0x01200011)).to.equal(EPERM)
      for (const name of ['fork', 'vfork']) {
        const nr = numbers.get(name)
        if (nr !== undefined) expect(verdict(one, { arch: AUDIT[arch], nr })).to.equal(EPERM)
      }
    })

    it('kills a call of another architecture', () => {
      for (const other of [0x40000003, 0x40000028, ...arches.filter(a => a !== arch).map(a => AUDIT[a])])
        expect(verdict(filter, { arch: other, nr: 0 })).to.equal(KILL_PROCESS)
    })
  })
}

it('the filter refuses the x32 numbers of x86-64', () => {
  const filter = buildFilter('x64')
  for (const nr of [0, 1, 41, 57, 59, 520])
    expect(verdict(filter, { arch: AUDIT.x64, nr: 0x40000000 + nr })).to.equal(EPERM)
})
