/** Job files for engines that take settings: what the engine would refuse is refused where it is written. */
import { expect } from 'chai'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import { readModule } from '../../../src/peer/requester/modules.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { versionFits } from '../../../src/market/eligibility.ts'
import { example } from '../../support/e2e/cli.ts'
import { rejection, thrown } from '../../support/failures.ts'

const onnx = (args: string, more = ''): string =>
  `name: a\ntask:\n  engine: onnx\n  module: a.onnx\n  args: ${args}\n${more}`
const blender = (args: string, more = ''): string =>
  `name: a\ntask:\n  engine: blender\n  module: a.blend\n${more}  args: ${args}\n`
const INFER = '[infer, --input, x=a.npy]'

describe('job files for engines with settings', () => {
  it('good ones pass', () => {
    expect(parseJobFile(onnx(INFER), 'j').task.engine).to.equal('onnx')
    expect(parseJobFile(onnx(INFER, 'verify: { tier: replicas }\n'), 'j').verify.tier).to.equal('replicas')
    const job = parseJobFile(blender('[--frames, 1-8]', '  version: "3.4"\n'), 'j')
    expect(job.task.version).to.equal('3.4')
  })

  for (const [what, file, place, says] of [
    ['an unknown mode', onnx('[teach]'), '5:9', 'begins with infer or train'],
    ['an unknown flag', onnx('[train, --stepz, 3]'), '5:9', "'--stepz' is not known; There are: --x"],
    ['a flag without a value', onnx('[train, --x]'), '5:9', '--x has no value'],
    ['a path out of /in', onnx('[train, --x, ../x.npy, --t, t.npy, --steps, 3]'), '5:9', '--x'],
    ['a wrong number', onnx('[train, --x, x.npy, --t, t.npy, --steps, 0]'), '5:9', 'from 1 to'],
    ['an input without a name', onnx('[infer, --input, a.npy]'), '5:9', 'NAME=FILE'],
    [
      'replicas of what differs',
      onnx(INFER.replace(']', ', --provider, webgpu]'), 'verify: { tier: replicas }\n'),
      '6:17',
      'does not give twice'
    ],
    ['Blender without a version', blender('[]'), '3:3', 'task.version: is missing'],
    ['a version that is none', blender('[]', '  version: latest\n'), '5:12', 'a version such as 3.4.1'],
    [
      'a wrong render setting',
      blender('[--samples, many]', '  version: 3.4.1\n'),
      '6:9',
      '--samples must be a whole number'
    ]
  ] as const)
    it(`${what} is refused with its place`, () => {
      const { message } = thrown(() => parseJobFile(file, 'job.yaml'), 'JOB_FILE_INVALID')
      expect(message).to.contain(says)
      expect(message.split(' ')[0]).to.equal(`job.yaml:${place}`)
    })

  it('a module of another engine is refused, with how to make a good one', async () => {
    const read = (path: string, engine: 'wasm' | 'onnx' | 'blender') =>
      readModule(example(path), '/', 'task.module', nodeFiles, engine)
    for (const [path, engine] of [
      ['nbody/nbody.wasm', 'wasm'],
      ['onnx-digits/train.onnx', 'onnx'],
      ['blender-frames/scene.blend', 'blender']
    ] as const) {
      expect((await read(path, engine)).length).to.be.greaterThan(100)
      for (const other of (['wasm', 'onnx', 'blender'] as const).filter(e => e !== engine)) {
        const e = await rejection(read(path, other))
        expect(e).to.include({ code: 'MODULE_INVALID' })
        expect(e.next?.length).to.be.greaterThan(10)
      }
    }
  })

  it('a version is taken whole or by its first parts', () => {
    for (const [wanted, version, fits] of [
      [undefined, '3.4.1', true],
      ['3.4.1', '3.4.1', true],
      ['3.4', '3.4.1', true],
      ['3.4', '3.41.0', false],
      ['3.4.1', '3.4', false],
      ['4', '3.4.1', false]
    ] as const)
      expect(versionFits(wanted, version), `${wanted} ${version}`).to.equal(fits)
  })
})
