/** The commands' way to a running peer. */
import { faults, ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'

export interface ApiClient {
  readonly url: string
  call<T>(method: 'GET' | 'POST', path: string, body?: object, signal?: AbortSignal): Promise<T>
  /** JSON lines as they come. */
  lines<T>(path: string, signal?: AbortSignal): AsyncIterable<T>
}

/** Longest line of a stream: one job snapshot of 1,024 shards. */
const LINE_MAX = 8 * 1024 * 1024
/** Longer than the longest action on the chain (two minutes), so that its own error is heard. */
const CALL_MS = 150_000

async function fail(response: Response): Promise<never> {
  let error: { code?: string; message?: string; next?: string } = {}
  try {
    error = ((await response.json()) as { error?: typeof error }).error ?? {}
  } catch {
    // not JSON: the status has to do
  }
  const code = error.code !== undefined && error.code in faults ? (error.code as ErrorCode) : 'API_REFUSED'
  throw new ShoalError(code, error.message ?? `the peer answered ${response.status}`, { next: error.next })
}

export function apiClient(url: string, token: string): ApiClient {
  const ask = async (
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined
  ): Promise<Response> => {
    let response: Response
    try {
      response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' })
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal
      })
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason
      throw new ShoalError('API_UNREACHABLE', 'the peer does not answer', {
        next: 'Is it running? Start it with: shoal up',
        cause
      })
    }
    return response.ok ? response : await fail(response)
  }
  return {
    url,
    call: async <T>(method: 'GET' | 'POST', path: string, body?: object, signal?: AbortSignal) => {
      const limit = AbortSignal.timeout(CALL_MS)
      const response = await ask(
        method,
        path,
        body,
        signal === undefined ? limit : AbortSignal.any([signal, limit])
      )
      return (await response.json()) as T
    },
    async *lines<T>(path: string, signal?: AbortSignal) {
      const response = await ask('GET', path, undefined, signal)
      const decoder = new TextDecoder()
      let rest = ''
      try {
        for await (const chunk of response.body ?? []) {
          rest += decoder.decode(chunk, { stream: true })
          if (rest.length > LINE_MAX) throw new ShoalError('FRAME_TOO_LARGE', 'the peer sent an endless line')
          const parts = rest.split('\n')
          rest = parts.pop() ?? ''
          for (const line of parts) if (line !== '') yield JSON.parse(line) as T
        }
      } catch (cause) {
        if (cause instanceof ShoalError || signal?.aborted === true) throw cause
        throw new ShoalError('API_UNREACHABLE', 'the peer went away', {
          next: 'The job goes on when the peer runs again: shoal up',
          cause
        })
      }
    }
  }
}

/** The running peer of a home folder, or undefined when none runs (a file left by a killed peer counts as none). */
export async function connectToPeer(files: Files, apiFile: string): Promise<ApiClient | undefined> {
  if ((await files.stat(apiFile)) === undefined) return undefined
  const { url, token } = JSON.parse(new TextDecoder().decode(await files.read(apiFile))) as {
    url: string
    token: string
  }
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })
    return response.ok ? apiClient(url, token) : undefined
  } catch {
    return undefined // refused or silent: no peer runs there
  }
}
