/** What the chain's RPC answers, and what the embedded chain reads back from its disk or lets through its proxy. */
import { checkCall, isFault, hostAllowed, refusal } from '../../../../src/settlement/chain/filter.ts'
import { pruneBlocks } from '../../../../src/settlement/chain/prune.ts'
import { formatEntry, parseEntry } from '../../../../src/settlement/chain/wal.ts'
import { interfaceOf } from '../../../../src/settlement/contracts.ts'
import { generationsWith } from '../../../../src/settlement/generation.ts'
import { firstInterface } from '../../../../src/settlement/generation-1.ts'
import type { NetworkParameters } from '../../../../src/protocol/ports/settlement.ts'
import type { ErrorCode } from '../../../../src/protocol/errors.ts'
import { reads } from '../../../../src/settlement/reads.ts'
import { chainError } from '../../../../src/settlement/revert.ts'
import { readAnswer } from '../../../../src/settlement/rpc/answer.ts'
import { RpcRefused } from '../../../../src/settlement/rpc/rpc.ts'
import type { Rpc } from '../../../../src/settlement/rpc/reliable.ts'
import { NonceSearch, outcomeOf, whereIs } from '../../../../src/settlement/tx/lookup.ts'
import { txJournal, type Intent } from '../../../../src/settlement/tx/journal.ts'
import { readReceipt } from '../../../../src/settlement/tx/pending.ts'
import { decodeLog } from '../../../../src/settlement/watch/decode.ts'
import { addressOf, hex } from '../../../support/records.ts'
import { json } from '../formats/text.ts'
import { forgetsToCatch, slowOnLength } from '../plants.ts'
import type { Decode, Target } from '../target.ts'

const said = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const result = (value: unknown): string => JSON.stringify({ jsonrpc: '2.0', id: 1, result: value })
const address = addressOf('x')
const network = {
  chainId: 1n,
  token: address,
  vault: address,
  escrow: address,
  registry: address,
  arbiter: address,
  feeBps: 0,
  fromBlock: 0
} as NetworkParameters

const escrow = interfaceOf('Escrow')
const log = (event: string, args: readonly unknown[], from = escrow): object => ({
  ...from.encodeEventLog(event, args as unknown[]),
  blockNumber: '0x10',
  logIndex: '0x1',
  transactionHash: hex(2),
  address
})
const logs = [
  log('Opened', [hex(1), address, address, hex(2), 1, 2, 3n, 4n]),
  log('Acknowledged', [hex(1), 5n, 1, hex(3)]),
  log('Delivered', [hex(1), hex(3), 4n, 77n]),
  log('DisputeBondLost', [hex(1), 4n]),
  log('Disputed', [hex(1), 99n]),
  log('Closed', [hex(1), 3, 4n, 5n, 6n, 7n]),
  log('Delivered', [hex(1), hex(3), 77n], firstInterface()),
  log('Burned', [hex(1), 8n])
]
const receipt = { blockNumber: '0x10', status: '0x1', transactionHash: hex(1), logs: [] }
const transaction = { hash: hex(1), from: address, to: address, nonce: '0x3', input: '0x12' }
const entry = escrow.encodeFunctionResult('standingOf', [[2, 0, 5, 6, 7n], 6n])
const guard = interfaceOf('Vault').encodeFunctionResult('guardOf', [[address, 5n, 4n]])
const revert = (): string => escrow.encodeErrorResult('WrongState', [hex(1), 1, 2])

const state = JSON.stringify({
  best_block_number: 3,
  blocks: [0, 1, 2].map(n => ({ header: { number: `0x${n}` }, transactions: [] }))
})
const intent: Intent = {
  nonce: 3,
  key: 'Escrow.open/1',
  contract: 'Escrow',
  method: 'open',
  to: address,
  data: '0x12' as Intent['data'],
  gas: 1n,
  maxFee: 2n,
  tip: 3n,
  raw: '0x34' as Intent['raw'],
  hashes: [hex(1)]
}
/** With everything that may be in it. */
const whole: Intent = {
  ...intent,
  ...{ once: true, at: 1_800_000_000_000, since: 7, told: true, reverted: true },
  ...{ minedAt: 9, minedIn: hex(4), minedAs: hex(1) },
  earlier: [{ nonce: 2, hashes: [hex(5)], takenBy: hex(6) }],
  voided: { reason: 'refused', hashes: [hex(1)] }
}
const textOf = (i: Intent): string =>
  JSON.stringify(i, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v))

const asked = { id: 1, method: 'eth_call' }
const answerOf = (bytes: Uint8Array): unknown => readAnswer(said(bytes), asked)
/** An RPC that answers everything with these bytes. */
const rpcOf = (bytes: Uint8Array): Rpc => ({
  reachable: true,
  call: async () => answerOf(bytes),
  close: async () => undefined
})

const answers: Decode = bytes => {
  const value = answerOf(bytes)
  for (const item of Array.isArray(value) ? value : [value]) decodeLog(item)
}
const receipts: Decode = bytes => readReceipt(answerOf(bytes))
const slots: Decode = async bytes => await reads(rpcOf(bytes), network).entry(hex(1))
const blocks: Decode = async bytes => await reads(rpcOf(bytes), network).time()
const places: Decode = async bytes => {
  const signal = new AbortController().signal
  const place = await whereIs(rpcOf(bytes), hex(1), signal)
  if (typeof place === 'object') await outcomeOf(rpcOf(bytes), place, signal)
}
const guards: Decode = async bytes => await reads(rpcOf(bytes), network).guardOf(address)
/** Of which generations the code at an address is; of none, when a stranger wrote it. */
const codes: Decode = bytes => {
  const code = answerOf(bytes)
  return typeof code === 'string' ? generationsWith('Escrow', code) : undefined
}
/** Found one by one: the count of the account is no number here. */
const nonces: Decode = async bytes => {
  const rpc = {
    ...rpcOf(bytes),
    call: async (method: string) => {
      if (method === 'eth_getTransactionCount') throw new RpcRefused(-32000, 'missing trie node', undefined)
      return answerOf(bytes)
    }
  }
  return await new NonceSearch(rpc, address, 3, 0).step(0, new AbortController().signal)
}
/** A refusal of the node becomes one of our errors, whatever data it comes with. */
const reverts: Decode = bytes => {
  const { message, data } = { ...(answerOf(bytes) as { message?: unknown; data?: unknown }) }
  const error = chainError(
    { contract: 'Escrow', method: 'open' },
    { message: String(message), data: typeof data === 'string' ? data : undefined }
  )
  return error.message
}
const intents: Decode = async bytes => {
  const store = {
    get: async () => bytes,
    batch: async () => undefined,
    range: async function* () {
      yield ['tx/1/x/0', bytes] as const
    },
    close: async () => undefined
  }
  return await txJournal(store, 1n, address).load()
}
/** As the proxy does it: no JSON is a fault, each call is judged. */
const proxy: Decode = bytes => {
  let value: unknown
  try {
    value = JSON.parse(said(bytes))
  } catch {
    return undefined // answered with a fault
  }
  for (const call of Array.isArray(value) ? value.slice(0, 100) : [value]) isFault(checkCall(call))
  if (value !== null && typeof value === 'object') {
    const headers = value as Record<string, string>
    refusal({ method: 'POST', headers }, [])
    if (typeof headers['host'] === 'string') hostAllowed(headers['host'], [])
  }
  return undefined
}

function target(
  name: string,
  seeds: readonly string[],
  decode: Decode,
  codes: readonly ErrorCode[],
  plant: Target['plant']
): Target {
  return {
    name,
    format: json,
    seeds: seeds.map(s => new TextEncoder().encode(s)),
    decode,
    codes,
    wire: false,
    max: 16 * 1024,
    plant
  }
}

export const chainTargets = (): Target[] => [
  target(
    'RPC answer: logs',
    [result(logs), result(logs[4])],
    answers,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(answers)
  ),
  target(
    'RPC answer: receipt',
    [result(receipt), result(null)],
    receipts,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(receipts)
  ),
  target(
    'RPC answer: escrow',
    [result(entry)],
    slots,
    ['CHAIN_UNREACHABLE', 'CHAIN_WRONG_NETWORK'],
    forgetsToCatch(slots)
  ),
  target(
    'RPC answer: guard',
    [result(guard)],
    guards,
    ['CHAIN_UNREACHABLE', 'CHAIN_WRONG_NETWORK'],
    forgetsToCatch(guards)
  ),
  target(
    'RPC answer: code',
    [result('0x6080604052'), result('0x')],
    codes,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(codes)
  ),
  target(
    'RPC answer: block',
    [result({ timestamp: '0x6b05f93a', number: '0x1' })],
    blocks,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(blocks)
  ),
  target(
    'RPC answer: transaction',
    [result({ ...transaction, blockNumber: '0x10', blockHash: hex(2) }), result(null)],
    places,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(places)
  ),
  target(
    'RPC answer: block of transactions',
    [result({ number: '0x0', hash: hex(2), transactions: [transaction] }), result(null)],
    nonces,
    ['CHAIN_UNREACHABLE'],
    forgetsToCatch(nonces)
  ),
  target(
    'RPC answer: revert',
    [
      result({ message: 'reverted', data: revert() }),
      result({
        message: 'reverted',
        data: interfaceOf('Vault').encodeErrorResult('AboveLimit', [address, 5n, 4n])
      })
    ],
    reverts,
    ['CHAIN_REVERTED', 'FUNDS_LOW', 'WITHDRAW_LIMIT'],
    forgetsToCatch(reverts)
  ),
  target(
    'journal: transaction',
    [textOf(intent), textOf(whole)],
    intents,
    ['JOURNAL_CORRUPT'],
    forgetsToCatch(intents)
  ),
  target(
    'chain log entry',
    [
      { at: 1, raw: '0x12' },
      { at: 1, address, wei: '5' },
      { at: 1, tick: true }
    ].map(e => formatEntry(e as never)),
    b => parseEntry(said(b)),
    ['RECORD_INVALID'],
    forgetsToCatch(b => parseEntry(said(b)))
  ),
  target(
    'chain state',
    [state],
    b => pruneBlocks(said(b)),
    ['RECORD_INVALID'],
    forgetsToCatch(b => pruneBlocks(said(b)))
  ),
  target(
    'chain proxy',
    [
      JSON.stringify({ id: 1, method: 'eth_call', params: [{}, 'latest'] }),
      JSON.stringify([{ id: 'a', method: 'eth_sendRawTransaction', params: ['0x1234'] }]),
      JSON.stringify({ host: '127.0.0.1:1', 'content-type': 'application/json' })
    ],
    proxy,
    [],
    slowOnLength(proxy, 64)
  )
]
