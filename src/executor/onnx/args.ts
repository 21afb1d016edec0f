/** What a job may say to the ONNX engine: `infer` or `train`, then flags. One reading for requester and provider. */
import { argsInvalid, Flags, inputPath } from '../native/flags.ts'

/** `auto` takes the first that the runtime has: cuda, webgpu, cpu. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'auto'] as const
export type ProviderChoice = (typeof PROVIDERS)[number]

interface Common {
  readonly provider: ProviderChoice
  /** Cores that one operator may use. */
  readonly threads: number
  /** Rows that are computed at once. */
  readonly batch: number
}

export interface InferArgs extends Common {
  readonly mode: 'infer'
  /** Name of a graph input to a path under /in. */
  readonly inputs: ReadonlyMap<string, string>
  readonly format: 'npy' | 'csv'
}

export interface TrainArgs extends Common {
  readonly mode: 'train'
  /** Paths under /in: rows of values, and for each row a label or a row of targets. */
  readonly x: string
  readonly t: string
  readonly steps: number
  readonly learningRate: number
  /** Undefined: by the job and its shard. */
  readonly seed: number | undefined
  /** Steps between checkpoints. */
  readonly every: number
  /** Graph of the finished model, with the weights as inputs. */
  readonly template: string | undefined
}

export type OnnxArgs = InferArgs | TrainArgs

const COMMON = ['--provider', '--threads', '--batch']
const INFER = ['--input', '--format', ...COMMON]
const TRAIN = ['--x', '--t', '--steps', '--lr', '--seed', '--every', '--template', ...COMMON]

const common = (f: Flags, batch: number): Common => ({
  provider: f.choice('--provider', PROVIDERS, 'cpu'),
  threads: f.whole('--threads', 1, 64, 1),
  batch: f.whole('--batch', 1, 1_000_000, batch)
})

function infer(args: readonly string[]): InferArgs {
  const f = new Flags(args, INFER)
  const inputs = new Map<string, string>()
  for (const pair of f.all('--input')) {
    const cut = pair.indexOf('=')
    if (cut < 1) throw argsInvalid('task.args: --input takes NAME=FILE, such as x=images.npy')
    inputs.set(pair.slice(0, cut), inputPath('--input', pair.slice(cut + 1)))
  }
  if (inputs.size === 0) throw argsInvalid('task.args: --input NAME=FILE is missing')
  return { mode: 'infer', inputs, format: f.choice('--format', ['npy', 'csv'], 'npy'), ...common(f, 256) }
}

function train(args: readonly string[]): TrainArgs {
  const f = new Flags(args, TRAIN)
  const [x, t] = [f.file('--x'), f.file('--t')]
  if (x === undefined || t === undefined) throw argsInvalid('task.args: --x FILE and --t FILE are needed')
  const steps = f.whole('--steps', 1, 100_000_000)
  const rate = f.one('--lr') ?? '0.1'
  const learningRate = /^\d{0,6}(\.\d{1,12})?$/.test(rate) && rate !== '' ? Number(rate) : NaN
  if (!(learningRate > 0)) throw argsInvalid('task.args: --lr must be a number above 0, such as 0.1')
  const seed = f.one('--seed') === undefined ? undefined : f.whole('--seed', 0, 2 ** 32 - 1)
  const every = f.whole('--every', 1, 100_000_000, Math.max(1, Math.ceil(steps / 10)))
  return {
    mode: 'train',
    x,
    t,
    steps,
    learningRate,
    seed,
    every,
    template: f.file('--template'),
    ...common(f, 32)
  }
}

/** ARGS_INVALID says what is wrong and what there is. */
export function parseOnnxArgs(args: readonly string[]): OnnxArgs {
  const [mode, ...rest] = args
  if (mode === 'infer') return infer(rest)
  if (mode === 'train') return train(rest)
  throw argsInvalid(
    `task.args: begins with '${(mode ?? '').slice(0, 40)}', but an onnx task begins with infer or train`,
    'Example: args: [infer, --input, "x=images.npy"]'
  )
}

/** The providers that a job may run on, best first, out of those that the runtime lists. */
export function providersFor(choice: ProviderChoice, listed: readonly string[]): string[] {
  const wanted = choice === 'auto' ? ['cuda', 'webgpu', 'cpu'] : [choice]
  return wanted.filter(p => listed.includes(p))
}
