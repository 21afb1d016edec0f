/** A process that serves an embedded chain until it is killed. Arguments: folder, port. Prints one line of JSON when ready. */
import { formatNetwork } from '../../../src/settlement/network.ts'
import { startChain } from './support.ts'

const [folder = '', port = '0'] = process.argv.slice(2)
const chain = await startChain(folder, { port: Number(port), saveMs: 60_000 })
process.on('message', (m: { address: string; wei: string; tokens: string }) => {
  chain
    .fund(m.address as never, BigInt(m.wei), BigInt(m.tokens))
    .then(() => process.send?.({ funded: m.address }))
    .catch((e: unknown) => process.send?.({ failed: String(e) }))
})
process.send?.({ port: chain.port, pid: chain.pid, network: formatNetwork(chain.network) })
