/** The arguments of tasks whose engine takes settings and no program: pairs of a flag and a value, nothing else. */
import { pathProblem } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'

export const argsInvalid = (message: string, next?: string): ShoalError =>
  new ShoalError('ARGS_INVALID', message, { next })

/** `--flag value` pairs by flag, each with all its values. ARGS_INVALID names what is not known or has no value. */
export function pairs(
  args: readonly string[],
  known: readonly string[]
): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>()
  for (let i = 0; i < args.length; i += 2) {
    const [flag = '', value] = args.slice(i, i + 2)
    if (!known.includes(flag))
      throw argsInvalid(`task.args: '${flag.slice(0, 40)}' is not known`, `There are: ${known.join(', ')}.`)
    if (value === undefined) throw argsInvalid(`task.args: ${flag} has no value`)
    out.set(flag, [...(out.get(flag) ?? []), value])
  }
  return out
}

/** Reads single values out of pairs; each may stand once. Errors: ARGS_INVALID. */
export class Flags {
  readonly #pairs: ReadonlyMap<string, readonly string[]>

  constructor(args: readonly string[], known: readonly string[]) {
    this.#pairs = pairs(args, known)
  }

  all(flag: string): readonly string[] {
    return this.#pairs.get(flag) ?? []
  }

  one(flag: string): string | undefined {
    const values = this.all(flag)
    if (values.length > 1) throw argsInvalid(`task.args: ${flag} stands there ${values.length} times`)
    return values[0]
  }

  whole(flag: string, min: number, max: number, otherwise?: number): number {
    const text = this.one(flag)
    if (text === undefined && otherwise !== undefined) return otherwise
    const n = /^\d{1,10}$/.test(text ?? '') ? Number(text) : NaN
    if (!(n >= min && n <= max))
      throw argsInvalid(
        text === undefined
          ? `task.args: ${flag} is missing`
          : `task.args: ${flag} must be a whole number from ${min} to ${max}`
      )
    return n
  }

  choice<T extends string>(flag: string, choices: readonly T[], otherwise: T): T {
    const text = this.one(flag) ?? otherwise
    const found = choices.find(c => c === text)
    if (found === undefined) throw argsInvalid(`task.args: ${flag} must be one of ${choices.join(', ')}`)
    return found
  }

  /** A path under /in. */
  file(flag: string): string | undefined {
    const text = this.one(flag)
    return text === undefined ? undefined : inputPath(flag, text)
  }
}

/** ARGS_INVALID unless it can be a path under /in. */
export function inputPath(flag: string, path: string): string {
  const problem = pathProblem(path)
  if (problem !== undefined) throw argsInvalid(`task.args: the path of ${flag} ${problem}`)
  return path
}
