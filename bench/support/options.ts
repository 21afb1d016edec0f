/** The flags of a bench: whole numbers with limits, `--json` and `--help`; a mistake ends the process with code 2 and the usage. */
import { parseArgs } from 'node:util'

export interface NumberFlag {
  readonly initial: number
  readonly min: number
  readonly max: number
  readonly what: string
}

export type Numbers<F extends Readonly<Record<string, NumberFlag>>> = { readonly [K in keyof F]: number }

function usageOf(name: string, flags: Readonly<Record<string, NumberFlag>>): string {
  const lines = Object.entries(flags).map(
    ([flag, f]) => `  --${flag} N`.padEnd(22) + `${f.what} (${f.min} to ${f.max}, default ${f.initial})`
  )
  return [
    `usage: npm run ${name} -- [flags]`,
    ...lines,
    '  --json'.padEnd(22) + 'one JSON object instead of the table'
  ].join('\n')
}

/** Reads the command line of `npm run NAME`. */
export function readOptions<F extends Readonly<Record<string, NumberFlag>>>(
  name: string,
  flags: F
): Numbers<F> & { readonly json: boolean } {
  const usage = usageOf(name, flags)
  const leave = (message: string, code: number): never => {
    if (code === 0) console.log(message)
    else console.error(message)
    process.exit(code)
  }
  let values: Readonly<Record<string, string | boolean | undefined>> = {}
  try {
    const strings = Object.fromEntries(Object.keys(flags).map(f => [f, { type: 'string' as const }]))
    const bools = { json: { type: 'boolean' as const }, help: { type: 'boolean' as const, short: 'h' } }
    ;({ values } = parseArgs({ options: { ...strings, ...bools } }))
  } catch (e) {
    leave(`${(e as Error).message}\n${usage}`, 2)
  }
  if (values['help'] === true) leave(usage, 0)
  const numbers = Object.entries(flags).map(([flag, f]) => {
    const text = values[flag] ?? String(f.initial)
    const n = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : NaN
    if (!(n >= f.min && n <= f.max))
      leave(`--${flag} ${String(text)}: a whole number from ${f.min} to ${f.max}\n${usage}`, 2)
    return [flag, n] as const
  })
  return { ...(Object.fromEntries(numbers) as Numbers<F>), json: values['json'] === true }
}
