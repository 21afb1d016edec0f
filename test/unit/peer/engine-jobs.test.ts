/** Job files for engines that take settings: what the engine would refuse is refused where it is written. */
import { expect } from 'chai'
import { compareRuleOf } from '../../../src/peer/jobfile/compare.ts'
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
const wasm = (compare: string): string =>
  `name: a\ntask:\n  module: a.wasm\nverify: { compare: ${compare} }\n`
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
      'equal bytes of what differs',
      onnx(
        INFER.replace(']', ', --provider, webgpu]'),
        'verify: { tier: replicas, compare: { by: bytes } }\n'
      ),
      '6:42',
      'does not give on every machine'
    ],
    [
      'pixels of numbers',
      onnx(INFER, 'verify: { compare: { by: pixels } }\n'),
      '6:26',
      'onnx writes numbers'
    ],
    [
      'numbers of pictures',
      blender('[]', '  version: 3.4.1\n') + 'verify: { compare: { by: tolerance } }\n',
      '7:26',
      'blender writes pictures'
    ],
    ['a tolerance where bytes are equal', wasm('{ by: tolerance }'), '4:26', 'only let lies pass'],
    [
      'a key of another rule',
      onnx(INFER, 'verify: { compare: { by: tolerance, step: 1 } }\n'),
      '6:37',
      "belongs to 'by: quantised'"
    ],
    [
      'a key that there is not',
      onnx(INFER, 'verify: { compare: { by: tolerance, absolut: 1 } }\n'),
      '6:37',
      "did you mean 'absolute'?"
    ],
    [
      'a rule that there is not',
      onnx(INFER, 'verify: { compare: { by: feeling } }\n'),
      '6:26',
      'bytes, tolerance, quantised, pixels'
    ],
    [
      'a rule without its kind',
      onnx(INFER, 'verify: { compare: { step: 1 } }\n'),
      '6:20',
      'verify.compare.by: expected one of bytes'
    ],
    [
      'a tolerance that takes anything',
      onnx(INFER, 'verify: { compare: { by: tolerance, relative: 1 } }\n'),
      '6:47',
      'at most 0.1'
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

  it('results are compared by what the job says, else by the engine, with defaults for what is left out', () => {
    const ruleOf = (text: string) => compareRuleOf(parseJobFile(text, 'j'))
    const tolerance = { by: 'tolerance', absolute: 1e-6, relative: 1e-4 }
    expect(ruleOf(onnx(INFER))).to.deep.equal(tolerance)
    expect(ruleOf(onnx(INFER.replace(']', ', --provider, cuda]')))).to.deep.equal(tolerance)
    expect(ruleOf(blender('[]', '  version: 3.4.1\n'))).to.deep.equal({
      by: 'pixels',
      difference: 2,
      share: 0.001
    })
    expect(ruleOf('name: a\ntask: { module: a.wasm }')).to.equal(undefined)
    expect(ruleOf(wasm('{ by: bytes }'))).to.equal(undefined)
    const said = (compare: string) => ruleOf(onnx(INFER, `verify: { compare: ${compare} }\n`))
    expect(said('{ by: bytes }')).to.equal(undefined)
    expect(said('{ by: tolerance, relative: 1e-3 }')).to.deep.equal({ ...tolerance, relative: 1e-3 })
    expect(said('{ by: quantised, step: 0.5 }')).to.deep.equal({ by: 'quantised', step: 0.5 })
    const container =
      'name: a\ntask: { engine: container, module: a.tar }\nverify: { compare: { by: pixels } }'
    expect(ruleOf(container)).to.deep.include({ by: 'pixels' })
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
