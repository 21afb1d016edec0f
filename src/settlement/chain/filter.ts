/** What the proxy lets through: reads and signed transactions. Everything else of the node stays with its owner. */

/** JSON-RPC methods that anyone may call. Never `anvil_*`, `evm_*`, `hardhat_*`, `eth_sendTransaction`, `eth_sign*`, filters. */
export const allowedMethods: ReadonlySet<string> = new Set([
  'eth_blockNumber',
  'eth_call',
  'eth_chainId',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getBlockReceipts',
  'eth_getCode',
  'eth_getLogs',
  'eth_getStorageAt',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_maxPriorityFeePerGas',
  'eth_sendRawTransaction',
  'eth_syncing',
  'net_version',
  'web3_clientVersion'
])

/** Bytes of one request body: a deployment is about 60 kB of hex. */
export const BODY_MAX = 1024 * 1024
/** Calls in one batch. */
export const BATCH_MAX = 100
/** Hex characters of one raw transaction: 128 KiB, the limit of public nodes. */
export const RAW_MAX = 2 + 2 * 128 * 1024

export interface RpcCall {
  readonly id: string | number | null
  readonly method: string
  readonly params: readonly unknown[]
}

/** An error as JSON-RPC spells it. */
export interface RpcFault {
  readonly id: string | number | null
  readonly error: { readonly code: number; readonly message: string; readonly data?: string }
}

export const fault = (id: RpcFault['id'], code: number, message: string, data?: string): RpcFault => ({
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) }
})

export const isFault = (v: RpcCall | RpcFault): v is RpcFault => 'error' in v

const idOf = (v: object): RpcFault['id'] => {
  const id = 'id' in v ? v.id : null
  return typeof id === 'number' || (typeof id === 'string' && id.length <= 64) ? id : null
}

/** One member of a request: a call that may pass, or the fault to answer with. */
export function checkCall(value: unknown): RpcCall | RpcFault {
  if (value === null || typeof value !== 'object') return fault(null, -32600, 'not a request')
  const id = idOf(value)
  if (!('method' in value) || typeof value.method !== 'string') return fault(id, -32600, 'no method')
  const params: unknown = 'params' in value ? value.params : []
  if (!allowedMethods.has(value.method))
    return fault(id, -32601, `${value.method.slice(0, 64)} is not offered here`)
  if (!Array.isArray(params)) return fault(id, -32602, 'params must be a list')
  if (value.method === 'eth_sendRawTransaction') {
    const raw: unknown = params[0]
    if (
      params.length !== 1 ||
      typeof raw !== 'string' ||
      raw.length > RAW_MAX ||
      !/^0x([0-9a-fA-F]{2})+$/.test(raw)
    ) {
      return fault(id, -32602, 'one raw transaction in hex, at most 128 KiB')
    }
  }
  return { id, method: value.method, params: params as readonly unknown[] }
}

/** Hosts under which the proxy may be addressed; a web page that rebinds a name of its own to loopback is refused. */
export function hostAllowed(header: string | undefined, hosts: readonly string[]): boolean {
  if (header === undefined) return false
  const name = header.replace(/:\d{1,5}$/, '').toLowerCase()
  return ['127.0.0.1', 'localhost', '[::1]', ...hosts].includes(name)
}

/** Why a request is refused before its body is read: HTTP status and reason; undefined when it may go on. */
export function refusal(
  request: {
    readonly method?: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
  },
  hosts: readonly string[]
): { readonly status: number; readonly reason: string } | undefined {
  const { host, origin } = request.headers
  const type = request.headers['content-type']
  if (typeof host !== 'string' || !hostAllowed(host, hosts)) return { status: 403, reason: 'foreign host' }
  // Programs send no Origin; a browser always does. No web page has business here.
  if (origin !== undefined) return { status: 403, reason: 'foreign origin' }
  if (request.method !== 'POST') return { status: 405, reason: 'POST only' }
  if (typeof type !== 'string' || !/^application\/json\b/i.test(type))
    return { status: 415, reason: 'JSON only' }
  return undefined
}
