/** Logs of the escrow contract as settlement events. */
import type { LogDescription } from 'ethers/abi'
import type { AgreementId, Hex32 } from '../../protocol/ids.ts'
import type { ChainCursor, SettlementEvent } from '../../protocol/ports/settlement.ts'
import { interfaceOf } from '../contracts.ts'
import { firstInterface } from '../generation-1.ts'
import { outcomes } from '../reads.ts'
import { malformed, toNumber } from '../rpc/rpc.ts'

interface RawLog {
  readonly blockNumber: unknown
  readonly logIndex: unknown
  readonly transactionHash: unknown
  readonly topics: readonly string[]
  readonly data: string
}

const isLog = (v: unknown): v is RawLog =>
  v !== null &&
  typeof v === 'object' &&
  'topics' in v &&
  Array.isArray(v.topics) &&
  v.topics.every(t => typeof t === 'string') &&
  'data' in v &&
  typeof v.data === 'string' &&
  'transactionHash' in v &&
  typeof v.transactionHash === 'string'

/** Null for events that no generation of the contract has. */
function parse(raw: RawLog): LogDescription | null {
  const log = { topics: [...raw.topics], data: raw.data }
  try {
    return interfaceOf('Escrow').parseLog(log) ?? firstInterface().parseLog(log)
  } catch {
    throw malformed('log') // topics or data that are no hex, or too short for the event
  }
}

/** The event in a log; undefined for logs that the port does not report. */
export function decodeLog(raw: unknown): SettlementEvent | undefined {
  if (!isLog(raw)) throw malformed('log')
  const parsed = parse(raw)
  if (parsed === null) return undefined
  const cursor: ChainCursor = {
    block: toNumber(raw.blockNumber, 'log'),
    index: toNumber(raw.logIndex, 'log')
  }
  const agreement = String(parsed.args[0]) as AgreementId
  const base = { cursor, agreement, txHash: raw.transactionHash as Hex32 }
  const { args } = parsed
  switch (parsed.name) {
    case 'Opened':
      return { ...base, kind: 'opened' }
    case 'Acknowledged':
      return { ...base, kind: 'acknowledged', amount: BigInt(args.amount as bigint) }
    case 'Delivered':
      return {
        ...base,
        kind: 'delivered',
        result: String(args.result) as Hex32,
        amount: parsed.fragment.inputs.length === 3 ? undefined : BigInt(args.amount as bigint)
      }
    case 'Disputed':
      return { ...base, kind: 'disputed' }
    case 'Closed': {
      const outcome = outcomes[Number(args.outcome)]
      if (outcome === undefined) throw malformed('outcome')
      const amount = (name: string): bigint => BigInt(args[name] as bigint)
      return {
        ...base,
        kind: 'closed',
        outcome,
        paid: amount('paid'),
        fee: amount('fee'),
        refunded: amount('refunded'),
        bondSlashed: amount('bondSlashed')
      }
    }
    default:
      return undefined
  }
}
