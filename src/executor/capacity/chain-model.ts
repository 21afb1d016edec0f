/**
 * The chain of products of a GPU challenge (market/chain.ts) as a graph: inputs `a` (rows) and `b` (rows), output `d`, all n x n. Only
 * MatMul, Mul, Sub and Round, which every provider of the runtime has. Values stay small enough to be exact in fp32, also where a
 * GPU multiplies in TF32, which keeps eleven bits of each factor.
 */
import { model, node, tensor, value } from '../onnx/proto/write.ts'
import type { Chain } from '../../protocol/ports/capacity.ts'

export function chainModel(n: number, { modulus, scales }: Chain): Uint8Array {
  const name = (what: string, step: number): string => `${what}${step}`
  const last = scales.length - 1
  const nodes = scales.flatMap((_, k) => {
    const before = k === 0 ? 'a' : name('d', k - 1)
    const after = k === last ? 'd' : name('d', k)
    return [
      node('Mul', [before, name('s', k)], [name('x', k)]),
      node('MatMul', [name('x', k), 'b'], [name('m', k)]),
      // m - modulus * Round(m / modulus): no m is half way between two multiples, since the modulus is odd
      node('Mul', [name('m', k), 'inverse'], [name('q', k)]),
      node('Round', [name('q', k)], [name('r', k)]),
      node('Mul', [name('r', k), 'modulus'], [name('t', k)]),
      node('Sub', [name('m', k), name('t', k)], [after])
    ]
  })
  return model({
    name: 'chain',
    nodes,
    weights: [
      tensor('modulus', [1], Float32Array.of(modulus)),
      tensor('inverse', [1], Float32Array.of(1 / modulus)),
      ...scales.map((s, k) => tensor(name('s', k), [1, n], Float32Array.from(s)))
    ],
    inputs: [value('a', [n, n]), value('b', [n, n])],
    outputs: [value('d', [n, n])]
  })
}
