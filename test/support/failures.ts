/** What a piece of code threw, for tests that ask which error it was. */
import { ShoalError, type ErrorCode } from '../../src/protocol/errors.ts'

function ours(e: unknown): ShoalError {
  if (e instanceof ShoalError) return e
  throw new Error(`expected a ShoalError, got ${String(e)}`, { cause: e })
}

/** The ShoalError that `run` throws; anything else, or nothing, fails the test. */
export function thrown(run: () => unknown, code?: ErrorCode): ShoalError {
  let result: unknown
  try {
    result = run()
  } catch (e) {
    return withCode(ours(e), code)
  }
  throw new Error(`expected ${code ?? 'an error'}, but it returned ${typeof result}`)
}

/** The ShoalError that a promise is rejected with; anything else, or none, fails the test. */
export async function rejection(promise: Promise<unknown>, code?: ErrorCode): Promise<ShoalError> {
  let result: unknown
  try {
    result = await promise
  } catch (e) {
    return withCode(ours(e), code)
  }
  throw new Error(`expected ${code ?? 'an error'}, but it resolved to ${typeof result}`)
}

function withCode(e: ShoalError, code: ErrorCode | undefined): ShoalError {
  if (code !== undefined && e.code !== code)
    throw new Error(`expected ${code}, got ${e.code}: ${e.message}`, { cause: e })
  return e
}
