import { expect } from 'chai'
import { admit, NODES_MAX } from '../../../../src/executor/onnx/admit.ts'
import { opProblem } from '../../../../src/executor/onnx/ops.ts'
import {
  message,
  model,
  node,
  tensor,
  value,
  withWeights
} from '../../../../src/executor/onnx/proto/write.ts'
import { template, trainStep } from '../../../../scripts/onnx/mlp.ts'
import { exampleFile } from '../../../support/onnx.ts'
import { thrown } from '../../../support/failures.ts'

const x = value('x', ['N', 2])
const y = value('y', ['N', 2])
type Parts = Partial<Parameters<typeof model>[0]>
const small = (parts: Parts = {}, opset = 13): Uint8Array =>
  model(
    { name: 'g', nodes: [node('Relu', ['x'], ['y'])], weights: [], inputs: [x], outputs: [y], ...parts },
    opset
  )
const refusal = (bytes: Uint8Array): string => thrown(() => admit(bytes), 'MODULE_INVALID').message

/** A node with one attribute given as bytes. */
const withAttribute = (attribute: Uint8Array): Uint8Array =>
  message([
    [1, 'x'],
    [2, 'y'],
    [4, 'Relu'],
    [5, attribute]
  ])
/** A tensor with some more fields. */
const odd = (...fields: Parameters<typeof message>[0]): Uint8Array =>
  message([[1, 2], [2, 1], [8, 'w'], ...fields])
const eightBytes = new Uint8Array(8)
const text = (s: string): Uint8Array => new TextEncoder().encode(s)

describe('admission of an ONNX model', () => {
  it('takes honest models and knows their ends', () => {
    const info = admit(small())
    expect(info.opset).to.equal(13)
    expect(info.inputs).to.deep.equal([{ name: 'x', type: 1, shape: [undefined, 2] }])
    expect(info.nodes.map(n => n.op)).to.deep.equal(['Relu'])
    const step = admit(trainStep({ inputs: 4, hidden: 3, classes: 2, scale: 1 }))
    expect(step.outputs.map(o => o.name)).to.deep.equal([
      'loss',
      'n_w0',
      'n_b0',
      'n_w1',
      'n_b1',
      'n_w2',
      'n_b2'
    ])
    expect(admit(exampleFile('train.onnx')).inputs.find(i => i.name === 'w0')?.shape).to.deep.equal([64, 48])
  })

  it('the committed graphs are what their builder gives', () => {
    const mlp = { inputs: 64, hidden: 48, classes: 10, scale: 1 / 16 }
    expect(Buffer.from(trainStep(mlp)).equals(exampleFile('train.onnx'))).to.equal(true)
    expect(Buffer.from(template(mlp)).equals(exampleFile('template.onnx'))).to.equal(true)
  })

  const attacks: readonly (readonly [what: string, bytes: () => Uint8Array, says: string])[] = [
    [
      'an operator of another domain',
      () =>
        small({
          nodes: [
            message([
              [1, 'x'],
              [2, 'y'],
              [4, 'Relu'],
              [7, 'com.evil']
            ])
          ]
        }),
      "of the domain 'com.evil'"
    ],
    [
      'another set of operators',
      () =>
        message([
          [1, 8],
          [7, message([[1, node('Relu', ['x'], ['y'])]])],
          [
            8,
            message([
              [1, 'com.evil'],
              [2, 1]
            ])
          ]
        ]),
      "operators of 'com.evil'"
    ],
    [
      'two sets of operators',
      () =>
        message([
          [1, 8],
          [7, message([])],
          [8, message([[2, 13]])],
          [8, message([[2, 9]])]
        ]),
      'more than one set'
    ],
    [
      'an operator that is not on the list',
      () => small({ nodes: [node('Relu', ['x'], ['h']), node('RandomNormalLike', ['h'], ['y'])] }),
      'node 1 (RandomNormalLike)'
    ],
    [
      'an operator that the opset does not have',
      () => small({ nodes: [node('Gelu', ['x'], ['y'])] }),
      'needs opset 20, but the model has 13'
    ],
    ['a loop', () => small({ nodes: [node('Loop', ['x'], ['y'])] }), 'Loop'],
    [
      'a graph inside a node',
      () =>
        small({
          nodes: [
            withAttribute(
              message([
                [1, 'body'],
                [6, message([])]
              ])
            )
          ]
        }),
      'holds a graph inside a node'
    ],
    [
      'graphs inside a node',
      () =>
        small({
          nodes: [
            withAttribute(
              message([
                [1, 'body'],
                [11, message([])]
              ])
            )
          ]
        }),
      'holds a graph inside a node'
    ],
    [
      'a reference to a function’s attribute',
      () =>
        small({
          nodes: [
            withAttribute(
              message([
                [1, 'a'],
                [21, 'b']
              ])
            )
          ]
        }),
      'the field 21'
    ],
    [
      'functions of its own',
      () =>
        message([
          [1, 8],
          [7, message([])],
          [25, message([])]
        ]),
      'defines functions'
    ],
    [
      'training information',
      () =>
        message([
          [1, 8],
          [20, message([])]
        ]),
      'training information'
    ],
    [
      'sparse weights',
      () =>
        message([
          [1, 8],
          [7, message([[15, message([])]])]
        ]),
      'sparse'
    ],
    [
      'a path outside',
      () =>
        small({
          weights: [
            odd([
              13,
              message([
                [1, 'location'],
                [2, '../../etc/passwd']
              ])
            ])
          ]
        }),
      'data outside the model'
    ],
    ['a path outside, by its mark alone', () => small({ weights: [odd([14, 1])] }), 'data outside the model'],
    [
      'a path outside, in an attribute',
      () =>
        small({
          nodes: [
            withAttribute(
              message([
                [1, 'value'],
                [5, odd([13, message([])])]
              ])
            )
          ]
        }),
      'data outside the model'
    ],
    [
      'less data than the shape',
      () =>
        small({
          weights: [
            message([
              [1, 3],
              [2, 1],
              [8, 'w'],
              [9, eightBytes]
            ])
          ]
        }),
      "tensor 'w' has 8 bytes of data where its shape needs 12"
    ],
    [
      'a size that overflows',
      () =>
        small({
          weights: [
            message([
              [1, 2 ** 31 - 1],
              [1, 2 ** 31 - 1],
              [1, 9],
              [2, 1],
              [8, 'w']
            ])
          ]
        }),
      'out of range'
    ],
    [
      'a negative size',
      () =>
        small({
          weights: [
            message([
              [1, -1n],
              [2, 1],
              [8, 'w']
            ])
          ]
        }),
      'out of range'
    ],
    [
      'text',
      () =>
        small({
          weights: [
            message([
              [1, 1],
              [2, 8],
              [8, 'w']
            ])
          ]
        }),
      'elements of the type 8'
    ],
    [
      'nine dimensions',
      () => small({ inputs: [value('x', [1, 1, 1, 1, 1, 1, 1, 1, 1])] }),
      'more than 8 dimensions'
    ],
    [
      'a sequence as input',
      () =>
        small({
          inputs: [
            message([
              [1, 'x'],
              [2, message([[4, message([])]])]
            ])
          ]
        }),
      'the field 4'
    ],
    [
      'a second graph, which another reader would merge',
      () =>
        message([
          [1, 8],
          [7, message([])],
          [7, message([])]
        ]),
      'the field 7 twice'
    ],
    [
      'an operator’s name twice',
      () =>
        small({
          nodes: [
            message([
              [4, 'Relu'],
              [4, 'Loop']
            ])
          ]
        }),
      'the field 4 twice'
    ],
    [
      'an unknown field',
      () =>
        message([
          [1, 8],
          [99, 1]
        ]),
      'the field 99'
    ],
    ['the same name twice', () => small({ inputs: [x, x] }), "the name 'x' twice"],
    ['no graph', () => message([[1, 8]]), 'has no graph'],
    ['no nodes', () => small({ nodes: [] }), 'has no nodes'],
    [
      'too many nodes',
      () => small({ nodes: Array.from({ length: NODES_MAX + 1 }, () => node('Relu', ['x'], ['y'])) }),
      'nodes; 10000 are allowed'
    ],
    ['an old opset', () => small({}, 8), 'needs opset 8'],
    ['a new opset', () => small({}, 99), 'needs opset 99'],
    ['nothing', () => new Uint8Array(0), 'has no graph'],
    ['a WebAssembly module', () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'without a number'],
    ['a cut-off model', () => small().subarray(0, 20), 'is cut off'],
    ['a name that is no UTF-8', () => small({ nodes: [message([[4, Uint8Array.of(0xff)]])] }), 'no UTF-8'],
    [
      'a number without an end',
      () => Uint8Array.from([8, ...Array<number>(12).fill(0x80)]),
      'more than 64 bits'
    ],
    ['a group', () => Uint8Array.of((1 << 3) | 3), 'the wire type 3'],
    [
      'a million fields',
      () =>
        message([
          [1, 8],
          [
            7,
            message([
              [13, new Uint8Array(0)],
              [
                1,
                message([
                  [4, 'Relu'],
                  [
                    5,
                    message([
                      [1, 'ints'],
                      [8, text('\u0001'.repeat(1))]
                    ])
                  ]
                ])
              ]
            ])
          ],
          ...Array.from({ length: 300_000 }, (): [number, Uint8Array] => [14, new Uint8Array(0)]),
          ...Array.from({ length: 300_000 }, (): [number, Uint8Array] => [14, new Uint8Array(0)]),
          ...Array.from({ length: 400_001 }, (): [number, Uint8Array] => [14, new Uint8Array(0)])
        ]),
      'more fields than are taken'
    ]
  ]
  for (const [what, bytes, says] of attacks)
    it(`refuses ${what}`, () => {
      expect(refusal(bytes())).to.contain(says)
    })

  it('operators are judged by their opset', () => {
    expect(opProblem('LayerNormalization', 16)).to.contain('needs opset 17')
    expect(opProblem('LayerNormalization', 17)).to.equal(undefined)
    for (const op of [
      'If',
      'Loop',
      'Scan',
      'RandomUniform',
      'Dropout',
      'StringConcat',
      'Optional',
      'constructor',
      ''
    ])
      expect(opProblem(op, 20), op).to.contain('not taken')
  })

  it('trained weights take the place of inputs', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6)
    const bytes = withWeights(template({ inputs: 3, hidden: 2, classes: 2, scale: 1 }), [
      { name: 'w0', dims: [3, 2], data },
      { name: 'unused', dims: [1], data: Float32Array.of(1) }
    ])
    const info = admit(bytes)
    expect(info.inputs.map(i => i.name)).to.deep.equal(['x', 'b0', 'w1', 'b1', 'w2', 'b2'])
    const w0 = info.weights.find(w => w.name === 'w0')
    expect(w0?.dims).to.deep.equal([3, 2])
    expect(new Float32Array(Uint8Array.from(w0?.raw ?? []).buffer)).to.deep.equal(data)
    expect(info.weights.some(w => w.name === 'unused')).to.equal(false)
    expect(tensor('w', [1], Float32Array.of(1)).length).to.be.greaterThan(4)
  })
})
