/** The RPC, dying and failing where a transaction is sent and where events of the chain arrive. */
import { RpcUnreachable, type RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import type { Life } from './life.ts'
import type { Mode } from './points.ts'

const lost = (mode: Mode): Error | undefined =>
  mode === 'unsent' || mode === 'unheard' ? new RpcUnreachable('the connection broke') : undefined

export function faultyRpc(real: RpcTransport, life: Life): RpcTransport {
  const send: RpcTransport['send'] = async (request, signal) => {
    const run = () => real.send(request, signal)
    if (request.method === 'eth_sendRawTransaction') {
      const modes: readonly Mode[] = ['before', 'after', 'unsent', 'unheard']
      return await life.call({ port: 'transactions', what: 'send', modes, run, error: lost })
    }
    const answer = await life.guard(run)
    if (request.method !== 'eth_getLogs' || !Array.isArray(answer) || answer.length === 0) return answer
    return await life.event(answer as unknown[])
  }
  return { send, close: () => real.close() }
}
