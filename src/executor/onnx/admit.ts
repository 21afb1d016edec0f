/** Whether a model may run here. Everything is decided from its bytes, before the runtime's own parser sees them. */
import type { ModelInfo } from './proto/model.ts'
import { readModel } from './proto/model.ts'
import { invalid } from './proto/wire.ts'
import { opProblem, OPSETS } from './ops.ts'

/** A large language model's graph has some 5,000 nodes; the runtime's optimiser is worse than linear in them. */
export const NODES_MAX = 10_000
const WEIGHTS_MAX = 10_000
const ENDS_MAX = 512

/**
 * Admits a model. Refused: operators outside ONNX's own domain or not on the list for its opset, functions, graphs in nodes,
 * external data, text, sparse and sequence values, and too many of anything.
 * @throws MODULE_INVALID, with what and where
 */
export function admit(bytes: Uint8Array): ModelInfo {
  const model = readModel(bytes)
  if (model.irVersion < 3 || model.irVersion > 12)
    throw invalid('the model', `has the format version ${model.irVersion}; 3 to 12 are taken`)
  if (model.opset < OPSETS.min || model.opset > OPSETS.max)
    throw invalid('the model', `needs opset ${model.opset}; ${OPSETS.min} to ${OPSETS.max} are taken`)
  if (model.nodes.length === 0) throw invalid('the graph', 'has no nodes')
  if (model.nodes.length > NODES_MAX)
    throw invalid('the graph', `has ${model.nodes.length} nodes; ${NODES_MAX} are allowed`)
  if (model.weights.length > WEIGHTS_MAX)
    throw invalid('the graph', `has ${model.weights.length} weights; ${WEIGHTS_MAX} are allowed`)
  for (const ends of [model.inputs, model.outputs]) {
    if (ends.length > ENDS_MAX) throw invalid('the graph', `has more than ${ENDS_MAX} inputs or outputs`)
    unique(ends.map(e => e.name))
  }
  unique(model.weights.map(w => w.name))
  if (model.outputs.length === 0) throw invalid('the graph', 'has no outputs')
  for (const [i, node] of model.nodes.entries()) {
    const where = `node ${i}${node.name === '' ? '' : ` '${node.name.slice(0, 60)}'`} (${node.op.slice(0, 40)})`
    if (node.domain !== '' && node.domain !== 'ai.onnx')
      throw invalid(
        where,
        `is of the domain '${node.domain.slice(0, 40)}'; only ONNX's own operators run here`
      )
    const problem = opProblem(node.op, model.opset)
    if (problem !== undefined) throw invalid(where, problem)
  }
  return model
}

function unique(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw invalid('the graph', `has the name '${name.slice(0, 60)}' twice`)
    seen.add(name)
  }
}
