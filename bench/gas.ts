/** Prints the gas of each step of an agreement on the embedded chain. Run: npm run bench:gas */
import type { Agreement } from '../src/protocol/eip712.ts'
import type { AgreementId } from '../src/protocol/ids.ts'
import { connectRpc } from '../src/settlement/index.ts'
import {
  clock,
  folderFor,
  hex32,
  log,
  opened,
  party,
  random,
  removeFolder,
  startChain
} from '../test/integration/settlement/support.ts'

const folder = await folderFor()
const chain = await startChain(folder)
const rpc = connectRpc({ rpcUrl: chain.rpcUrl, clock, random, log })
const rows: [string, number][] = []

/** Gas of the newest block that holds a transaction. */
async function measure(name: string, work: Promise<unknown>): Promise<void> {
  await work
  for (let n = Number(await rpc.call('eth_blockNumber', [])); n > 0; n--) {
    const block = (await rpc.call('eth_getBlockByNumber', ['0x' + n.toString(16), false])) as {
      transactions: string[]
      gasUsed: string
    }
    if (block.transactions.length === 0) continue
    rows.push([name, Number(block.gasUsed)])
    return
  }
}

const requester = await party(chain, { deposit: 10n ** 18n })
const provider = await party(chain, { deposit: 10n ** 18n })
const arbiter = await party(chain, { deposit: 10n ** 18n })
const receipt = async (a: Agreement, id: AgreementId, amount: bigint): Promise<void> => {
  const r = { agreement: id, sequence: 1, digest: hex32(), amount }
  await provider.settlement.acknowledge(a, r, await requester.key.sign('Receipt', r))
}
const open = async (name: string) => {
  const made = opened(requester, provider, arbiter.key.address)
  await measure(name, made)
  return await made
}

const warm = await open('open (first of both sides)')
await measure('deliver', provider.settlement.deliver(warm.a, hex32(), warm.a.price))
await measure('acknowledge the price: pay and close (first)', receipt(warm.a, warm.id, warm.a.price))
const again = await open('open (again)')
await measure('acknowledge a part', receipt(again.a, again.id, 10n))
await measure('deliver', provider.settlement.deliver(again.a, hex32(), again.a.price))
await measure('acknowledge the price: pay and close', receipt(again.a, again.id, again.a.price))
const argued = await open('open (again)')
await measure('deliver for less', provider.settlement.deliver(argued.a, hex32(), 900n))
await measure('dispute', requester.settlement.dispute(argued.a))
await measure('rule', arbiter.settlement.rule(argued.a, 5000, 5000))
const late = await open('open (again)')
await chain.advance(300)
await measure('refund', requester.settlement.refund(late.a, 0n))
await measure(
  'deposit with permit',
  (async () => {
    await chain.fund(requester.key.address, 0n, 5n)
    await requester.settlement.deposit(5n)
  })()
)
await measure('withdraw', requester.settlement.withdraw(5n))
await measure('stake', provider.settlement.stake(5n))

for (const [name, gas] of rows) console.log(`${name.padEnd(48)}${gas.toLocaleString('en-US').padStart(9)}`)
await Promise.all([requester, provider, arbiter].map(async p => await p.settlement.stop()))
await rpc.close()
await chain.stop()
await removeFolder(folder)
