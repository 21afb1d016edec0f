/** What the contracts say, read with eth_call. */
import type { Result } from 'ethers/abi'
import type { Address, AgreementId, Hex32 } from '../protocol/ids.ts'
import type {
  Account,
  CallOptions,
  Escrow,
  EscrowOutcome,
  EscrowState,
  Generation,
  Guard,
  NetworkParameters
} from '../protocol/ports/settlement.ts'
import { decodeResult, encodeCall, type ContractName } from './contracts.ts'
import { chainError } from './revert.ts'
import type { Rpc } from './rpc/reliable.ts'
import { malformed, RpcRefused, toQuantity } from './rpc/rpc.ts'

/** In the order of IEscrow.State and IEscrow.Outcome. */
export const states = [
  'none',
  'open',
  'delivered',
  'disputed',
  'closed'
] as const satisfies readonly EscrowState[]
export const outcomes = [
  undefined,
  'accepted',
  'released',
  'refunded',
  'cancelled',
  'ruled',
  'split'
] as const satisfies readonly (EscrowOutcome | undefined)[]

/** The escrow's slot with its outcome, which the port leaves to the events. */
export interface Entry extends Escrow {
  readonly outcome: EscrowOutcome | undefined
}

export interface Reads {
  call(
    contract: ContractName,
    method: string,
    args: readonly unknown[],
    options?: CallOptions
  ): Promise<Result>
  account(address: Address, options?: CallOptions): Promise<Account>
  entry(id: AgreementId, options?: CallOptions): Promise<Entry>
  guardOf(address: Address, options?: CallOptions): Promise<Guard | undefined>
  stakeOf(
    address: Address,
    options?: CallOptions
  ): Promise<{ active: bigint; unbonding: bigint; claimableAt: bigint }>
  peerOf(address: Address, options?: CallOptions): Promise<{ peerKey: Hex32; beneficiary: Address }>
  time(options?: CallOptions): Promise<bigint>
}

export const addressOf = (n: NetworkParameters, contract: ContractName): Address =>
  ({ ShoalToken: n.token, Vault: n.vault, Escrow: n.escrow, Registry: n.registry })[contract]

const big = (v: unknown): bigint => {
  if (typeof v !== 'bigint') throw malformed('number')
  return v
}

/** The first returned value, which is a struct. */
const struct = (r: Result): Result => r[0] as Result

/** `generation`: of the contracts, once it is known; what generation 1 does not have is answered as nothing. */
export function reads(
  rpc: Rpc,
  network: NetworkParameters,
  generation: () => Generation | undefined = () => 2
): Reads {
  let newest = 0n
  const call: Reads['call'] = async (contract, method, args, options = {}) => {
    const request = { to: addressOf(network, contract), data: encodeCall(contract, method, args) }
    try {
      const answer = await rpc.call('eth_call', [request, 'latest'], { signal: options.signal })
      return decodeResult(contract, method, typeof answer === 'string' ? answer : '0x')
    } catch (e) {
      if (e instanceof RpcRefused) throw chainError({ contract, method }, e)
      throw e
    }
  }
  return {
    call,
    account: async (address, options = {}) => {
      const [gas, wallet, vault] = await Promise.all([
        rpc.call('eth_getBalance', [address, 'latest'], { signal: options.signal }),
        call('ShoalToken', 'balanceOf', [address], options),
        call('Vault', 'balanceOf', [address], options)
      ])
      const b = struct(vault)
      return {
        address,
        gas: toQuantity(gas, 'balance'),
        wallet: big(wallet[0]),
        free: big(b.free),
        locked: big(b.locked),
        staked: big(b.staked)
      }
    },
    entry: async (id, options) => {
      const old = generation() === 1
      const answer = await call('Escrow', old ? 'entryOf' : 'standingOf', [id], options)
      const e = struct(answer)
      const state = states[Number(big(e.state))]
      if (state === undefined) throw malformed('escrow state')
      return {
        state,
        outcome: outcomes[Number(big(e.outcome))],
        acknowledged: big(e.acknowledged),
        claim: old ? 0n : big(answer[1]),
        deliveredAt: big(e.deliveredAt),
        disputedAt: big(e.disputedAt)
      }
    },
    guardOf: async (address, options) => {
      if (generation() === 1) return undefined
      const g = struct(await call('Vault', 'guardOf', [address], options))
      const beneficiary = String(g.beneficiary) as Address
      if (BigInt(beneficiary) === 0n) return undefined
      return { beneficiary, dailyLimit: big(g.dailyLimit), left: big(g.left) }
    },
    stakeOf: async (address, options) => {
      const s = struct(await call('Registry', 'stakeOf', [address], options))
      return { active: big(s.active), unbonding: big(s.unbonding), claimableAt: big(s.claimableAt) }
    },
    peerOf: async (address, options) => {
      const p = struct(await call('Registry', 'peerOf', [address], options))
      return { peerKey: String(p.peerKey) as Hex32, beneficiary: String(p.beneficiary) as Address }
    },
    time: async (options = {}) => {
      const block = await rpc.call('eth_getBlockByNumber', ['latest', false], { signal: options.signal })
      if (block === null || typeof block !== 'object' || !('timestamp' in block)) throw malformed('block')
      const now = toQuantity(block.timestamp, 'timestamp')
      if (now > newest) newest = now
      return newest
    }
  }
}
