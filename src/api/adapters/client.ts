/** The commands' way to a running peer. */
import { randomBytes } from 'node:crypto'
import { faults, isShoalError, ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'
import { proofOf } from '../proof.ts'

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
        redirect: 'error',
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

/** A running peer that has shown that it wrote api.json. */
export interface RunningPeer extends ApiClient {
  /** Of its process. */
  readonly pid: number
}

interface ApiFile {
  readonly url: string
  readonly token: string
  readonly pid: number
  readonly peer: string
}

/** How long a peer may take to answer, and how much it may say, ms and bytes: whoever is there may be anybody. */
const HEALTH_MS = 2_000
const HEALTH_MAX = 4_096
/** Of api.json, bytes. */
const FILE_MAX = 65_536

/** Undefined for a file that is empty, cut, or of an earlier version: it names no peer that could be asked. */
function parseApiFile(text: string): ApiFile | undefined {
  try {
    const all = JSON.parse(text) as Readonly<Record<string, unknown>> | null
    const { url, token, pid, peer } = all ?? {}
    if (typeof url !== 'string' || typeof token !== 'string' || typeof peer !== 'string') return undefined
    return { url, token, peer, pid: typeof pid === 'number' ? pid : 0 }
  } catch {
    return undefined // no JSON
  }
}

/** The answer's text, or undefined when it is longer than any of ours. */
async function shortText(response: Response): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > HEALTH_MAX) return undefined
  }
  return text
}

/** Whether whoever listens there knows the token, without telling it. Anything else than our own answer is a stranger's. */
async function isOurs({ url, token, peer }: ApiFile): Promise<boolean> {
  const challenge = randomBytes(32).toString('hex')
  try {
    const response = await fetch(`${url}/health?challenge=${challenge}`, {
      signal: AbortSignal.timeout(HEALTH_MS),
      redirect: 'error'
    })
    const text = response.ok ? await shortText(response) : undefined
    const answer = JSON.parse(text ?? '{}') as { peer?: unknown; proof?: unknown } | null
    return answer?.peer === peer && answer.proof === proofOf(token, challenge, peer)
  } catch {
    return false // refused, silent, or no JSON
  }
}

/**
 * The running peer of a home folder, or undefined when none runs. A file that a killed peer left counts as none, whoever has taken its port
 * since: the token goes only to a peer that has shown that it knows it. `peer`: the home's own; a file that names another one came with a copy.
 */
export async function connectToPeer(
  files: Files,
  apiFile: string,
  peer?: string
): Promise<RunningPeer | undefined> {
  let bytes: Uint8Array
  try {
    if ((await files.stat(apiFile)) === undefined) return undefined
    bytes = await files.read(apiFile, { max: FILE_MAX })
  } catch (e) {
    // a peer that ended meanwhile has taken it away
    if (isShoalError(e, 'FILE_NOT_FOUND', 'FILE_TOO_LARGE')) return undefined
    throw e
  }
  const file = parseApiFile(new TextDecoder().decode(bytes))
  if (file === undefined || (peer !== undefined && file.peer !== peer)) return undefined
  if (!(await isOurs(file))) return undefined
  return { ...apiClient(file.url, file.token), pid: file.pid }
}
