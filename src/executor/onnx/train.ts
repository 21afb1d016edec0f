/**
 * Training by a step graph: inputs x, t, lr, invN (one over the rows of the batch) and the weights; outputs `loss` and `n_NAME` for each
 * weight NAME. Every step is a function of weights, seed and step number, so a run that resumes from a checkpoint ends in the same bits.
 */
import { ShoalError } from '../../protocol/errors.ts'
import type { TrainArgs } from './args.ts'
import { fileOf, readArray, type FileTree } from './files.ts'
import { formatNpy } from './npy.ts'
import { BatchOrder, initialWeight } from './order.ts'
import { FLOAT, withWeights, type Weight } from './proto/write.ts'
import type { ModelInfo } from './proto/model.ts'
import type { Session, TaskHooks } from './session.ts'
import { decodeState, encodeState, type TrainState } from './state.ts'
import { countOf, oneHot, pickRows, type Tensor } from './tensor.ts'

export interface TrainParts {
  readonly args: TrainArgs
  readonly model: ModelInfo
  readonly input: FileTree
  /** Used when the job names none. */
  readonly seed: number
  /** The file of the last checkpoint. */
  readonly resume: Uint8Array | undefined
}

const GIVEN = ['x', 't', 'lr', 'invN'] as const
/** Lines about the loss in one run, about. */
const LOSS_LINES = 20

const refuse = (message: string): never => {
  throw new ShoalError('LIMIT_INPUT', message)
}
const badGraph = (message: string): never => {
  throw new ShoalError('MODULE_INVALID', message, {
    next: 'A training step has the inputs x, t, lr, invN and the weights, and the outputs loss and n_NAME for each weight NAME.'
  })
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i])

export class Training {
  readonly #args: TrainArgs
  readonly #input: FileTree
  readonly #x: Tensor
  readonly #t: Tensor
  readonly #order: BatchOrder
  #state: TrainState

  /** MODULE_INVALID for a graph that is no training step, LIMIT_INPUT for data or a checkpoint that does not fit it. */
  constructor({ args, model, input, seed, resume }: TrainParts) {
    this.#args = args
    this.#input = input
    const shapes = weightShapes(model)
    this.#x = readArray(input, args.x)
    this.#t = targets(readArray(input, args.t), model)
    const count = this.#x.dims[0] ?? 0
    if (count === 0 || this.#t.dims[0] !== count)
      refuse(`There are ${count} rows of values and ${this.#t.dims[0] ?? 0} of targets.`)
    if (args.template !== undefined) withWeights(fileOf(input, args.template), []) // refused now, not after hours
    const chosen = args.seed ?? seed
    this.#order = new BatchOrder(count, args.batch, chosen)
    this.#state =
      resume === undefined ? begin(shapes, input, chosen) : taken(decodeState(resume), shapes, chosen)
    if (this.#state.step > args.steps) refuse('The checkpoint lies beyond the last step.')
  }

  get step(): number {
    return this.#state.step
  }

  get about(): string {
    const { weights, step } = this.#state
    const values = weights.reduce((n, w) => n + w.data.length, 0)
    return `${this.#x.dims[0]} rows, ${weights.length} weights with ${values} values, steps ${step} to ${this.#args.steps}`
  }

  async run(session: Session, hooks: TaskHooks): Promise<Map<string, Uint8Array>> {
    const { steps, every } = this.#args
    const spoken = Math.max(1, Math.round(steps / LOSS_LINES))
    while (this.step < steps) {
      const loss = await this.#once(session)
      const done = this.step
      if (!Number.isFinite(loss))
        throw new ShoalError('TASK_FAILED', `The loss is ${loss} in step ${done}.`, {
          next: 'Try a smaller --lr.'
        })
      hooks.progress(done / steps, `step ${done} of ${steps}`)
      if (done % spoken === 0 || done === steps) hooks.log(`step ${done} loss ${loss.toPrecision(6)}`)
      if (done % every === 0 && done < steps) hooks.checkpoint(encodeState(this.#state))
      hooks.check()
    }
    return this.#result()
  }

  /** One step. Gives the loss before it. */
  async #once(session: Session): Promise<number> {
    const { step, seed, weights } = this.#state
    const picked = this.#order.rowsOf(step)
    const single = (n: number): Tensor => ({ dims: [1], data: Float32Array.of(n) })
    const out = await session.run({
      ...Object.fromEntries(weights.map(w => [w.name, w])),
      x: pickRows(this.#x, picked),
      t: pickRows(this.#t, picked),
      lr: single(this.#args.learningRate),
      invN: single(1 / picked.length)
    })
    const next = weights.map(({ name, dims }) => {
      const data = out[`n_${name}`]?.data
      if (!(data instanceof Float32Array) || data.length !== countOf(dims))
        return badGraph(`The output n_${name.slice(0, 60)} has another shape than its weight.`)
      return { name, dims, data }
    })
    this.#state = { step: step + 1, seed, weights: next }
    return Number(out['loss']?.data[0])
  }

  #result(): Map<string, Uint8Array> {
    const { weights } = this.#state
    const out = new Map(weights.map(w => [`weights/${w.name}.npy`, formatNpy(w)]))
    if (this.#args.template !== undefined)
      out.set('model.onnx', withWeights(fileOf(this.#input, this.#args.template), weights))
    return out
  }
}

type Shapes = readonly { readonly name: string; readonly dims: readonly number[] }[]

function weightShapes(model: ModelInfo): Shapes {
  const names = new Set(model.inputs.map(i => i.name))
  const outputs = new Set(model.outputs.map(o => o.name))
  for (const name of GIVEN) if (!names.has(name)) badGraph(`The graph has no input ${name}.`)
  if (!outputs.has('loss')) badGraph('The graph has no output loss.')
  const weights = model.inputs.filter(i => !(GIVEN as readonly string[]).includes(i.name))
  if (weights.length === 0) badGraph('The graph has no weights.')
  return weights.map(({ name, type, shape }) => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name))
      badGraph(`The weight '${name.slice(0, 60)}' needs a name of letters, digits, dot, dash and underscore.`)
    const dims = shape.map(d => d ?? badGraph(`The weight ${name} has an open size.`))
    if (type !== FLOAT) badGraph(`The weight ${name} is not of 32 bit floats.`)
    if (!outputs.has(`n_${name}`)) badGraph(`The graph has no output n_${name}.`)
    return { name, dims }
  })
}

/** Labels become rows with a one when the graph wants rows. */
function targets(t: Tensor, model: ModelInfo): Tensor {
  const classes = model.inputs.find(i => i.name === 't')?.shape[1]
  return t.dims.length === 1 && classes !== undefined ? oneHot(t, classes) : t
}

/** Weights from /in/weights/NAME.npy where that is there, else drawn from the seed. */
function begin(shapes: Shapes, input: FileTree, seed: number): TrainState {
  const weights = shapes.map(({ name, dims }, i): Weight => {
    const path = `weights/${name}.npy`
    if (!input.has(path)) return { name, dims, data: initialWeight(dims, seed, i) }
    const { data, dims: found } = readArray(input, path)
    if (!(data instanceof Float32Array) || !same(found, dims))
      return refuse(`/in/${path} is not of 32 bit floats in the shape (${dims.join(', ')}).`)
    return { name, dims, data }
  })
  return { step: 0, seed, weights }
}

function taken(state: TrainState, shapes: Shapes, seed: number): TrainState {
  const fits =
    state.weights.length === shapes.length &&
    shapes.every((s, i) => s.name === state.weights[i]?.name && same(s.dims, state.weights[i]?.dims ?? []))
  if (!fits || state.seed !== seed) refuse('The checkpoint belongs to another training.')
  return state
}
