/** Inference in batches of rows. With several shards each takes its share of the rows, in order. */
import { ShoalError } from '../../protocol/errors.ts'
import type { InferArgs } from './args.ts'
import { fileNames, formatArray, readArray, type FileTree } from './files.ts'
import type { ModelInfo } from './proto/model.ts'
import { convert, type Session, type TaskHooks } from './session.ts'
import { rows, stack, type Tensor } from './tensor.ts'

export interface InferParts {
  readonly args: InferArgs
  readonly model: ModelInfo
  readonly input: FileTree
  readonly shard: number
  readonly shards: number
}

const refuse = (message: string): never => {
  throw new ShoalError('LIMIT_INPUT', message)
}

/** What is computed, known before anything runs. */
export class Inference {
  readonly #args: InferArgs
  readonly #model: ModelInfo
  readonly #inputs: readonly { readonly name: string; readonly tensor: Tensor }[]
  readonly #batch: number
  readonly rows: number

  /** LIMIT_INPUT when files and graph do not fit together. */
  constructor({ args, model, input, shard, shards }: InferParts) {
    this.#args = args
    this.#model = model
    const weights = new Set(model.weights.map(w => w.name))
    const needed = model.inputs.filter(i => !weights.has(i.name))
    for (const name of args.inputs.keys())
      if (!model.inputs.some(i => i.name === name))
        refuse(
          `The graph has no input '${name.slice(0, 60)}'; it has: ${needed
            .map(i => i.name)
            .join(', ')
            .slice(0, 200)}.`
        )
    const all = needed.map(i => {
      const path =
        args.inputs.get(i.name) ?? refuse(`The graph's input '${i.name.slice(0, 60)}' has no file.`)
      return { name: i.name, tensor: convert(readArray(input, path), i.type, i.name), fixed: i.shape[0] }
    })
    const count = all[0]?.tensor.dims[0] ?? 0
    for (const { name, tensor } of all)
      if (tensor.dims[0] !== count)
        refuse(`The input '${name.slice(0, 60)}' has ${tensor.dims[0]} rows where others have ${count}.`)
    const fixed = all.find(i => i.fixed !== undefined)?.fixed
    this.#batch = fixed ?? args.batch
    if (this.#batch < 1) refuse('The graph takes no rows.')
    const unit = fixed ?? 1
    const units = Math.floor(count / unit)
    const [from, to] = [shard, shard + 1].map(s => Math.floor((s * units) / shards) * unit) as [
      number,
      number
    ]
    if (units * unit !== count)
      refuse(`The graph takes ${unit} rows at a time, and ${count} is no multiple of it.`)
    this.rows = to - from
    this.#inputs = all.map(({ name, tensor }) => ({ name, tensor: rows(tensor, from, to) }))
  }

  async run(session: Session, hooks: TaskHooks): Promise<Map<string, Uint8Array>> {
    const parts = new Map<string, Tensor[]>(this.#model.outputs.map(o => [o.name, []]))
    for (let at = 0; at < this.rows; at += this.#batch) {
      const to = Math.min(this.rows, at + this.#batch)
      const results = await session.run(
        Object.fromEntries(this.#inputs.map(({ name, tensor }) => [name, rows(tensor, at, to)]))
      )
      for (const [name, list] of parts) list.push(results[name] ?? refuse(`The graph gave no '${name}'.`))
      hooks.progress(to / this.rows, `${to} of ${this.rows} rows`)
      hooks.check()
    }
    const names = fileNames([...parts.keys()], this.#args.format)
    return new Map(
      [...parts.values()].map((list, i) => [names[i] ?? '', formatArray(stack(list), this.#args.format)])
    )
  }
}
