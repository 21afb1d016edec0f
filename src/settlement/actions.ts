/** The actions on agreements and stake: each looks first whether its effect is there, sends, and looks again when refused. */
import type { Agreement } from '../protocol/eip712.ts'
import { isShoalError } from '../protocol/errors.ts'
import { oldGeneration, refuseOldGeneration } from '../protocol/old-generation.ts'
import type { Address, AgreementId, Hex32, HexBytes } from '../protocol/ids.ts'
import type { CallOptions, Generation, NetworkParameters, Settlement } from '../protocol/ports/settlement.ts'
import { encodeCall, type ContractName } from './contracts.ts'
import * as effects from './effects.ts'
import { firstDeliver } from './generation-1.ts'
import { domainOf, typedDigest } from './keys/typed.ts'
import { addressOf, type Entry, type Reads } from './reads.ts'
import type { SubmitOptions, TxSender } from './tx/sender.ts'

export interface ActionParts {
  readonly network: NetworkParameters
  readonly reads: Reads
  readonly sender: TxSender
  readonly address: Address
  /** Of the network's contracts; undefined before the settlement has started. */
  readonly generation: () => Generation | undefined
}

type Done = (options?: CallOptions) => Promise<boolean>
type AgreementActions = Pick<
  Settlement,
  'open' | 'deliver' | 'acknowledge' | 'release' | 'refund' | 'cancel' | 'dispute' | 'rule' | 'split'
>
type StakeActions = Pick<Settlement, 'register' | 'stake' | 'unstake' | 'claimStake'>

/** Sends `contract.method(args)` under `key`, unless `done`. `data`: the call's bytes, when the contract is an older one. */
export type Act = (
  contract: ContractName,
  method: string,
  args: readonly unknown[],
  key: string,
  done: Done | undefined,
  options?: SubmitOptions,
  data?: HexBytes
) => Promise<Hex32 | undefined>

export const actor =
  ({ network, sender }: Pick<ActionParts, 'network' | 'sender'>): Act =>
  async (contract, method, args, key, done, options, data) => {
    if (done !== undefined && (await done(options))) return undefined
    const call = {
      key: `${contract}.${method}/${key}`,
      contract,
      method,
      to: addressOf(network, contract),
      data: data ?? encodeCall(contract, method, args),
      once: done === undefined
    }
    try {
      return await sender.submit(call, options)
    } catch (e) {
      if (done !== undefined && isShoalError(e, 'CHAIN_REVERTED', 'FUNDS_LOW') && (await done(options)))
        return undefined
      throw e
    }
  }

export function agreementActions(parts: ActionParts): AgreementActions {
  const { network, reads, generation } = parts
  const act = actor(parts)
  const domain = domainOf(network)
  /** One call on one agreement; `extra` tells calls of the same kind apart. */
  const on = async (
    a: Agreement,
    method: string,
    args: readonly unknown[],
    extra: string,
    done: (e: Entry) => boolean,
    options?: CallOptions,
    data?: HexBytes
  ): Promise<void> => {
    const id: AgreementId = typedDigest(domain, 'Agreement', a)
    await act(
      'Escrow',
      method,
      [a, ...args],
      `${id}/${extra}`,
      async o => done(await reads.entry(id, o)),
      options,
      data
    )
  }
  return {
    open: async (a, providerSig, options) => {
      refuseOldGeneration({ generation: generation() })
      await on(a, 'open', [providerSig], '', effects.opened, options)
    },
    deliver: async (a, result, amount, options) => {
      const old = generation() === 1
      if (old && amount !== a.price) throw oldGeneration()
      const data = old ? firstDeliver(a, result) : undefined
      await on(a, 'deliver', [result, amount], '', effects.delivered, options, data)
    },
    acknowledge: async (a, r, signature, options) =>
      await on(
        a,
        'acknowledge',
        [r, signature],
        r.amount.toString(),
        e => effects.acknowledged(e, r.amount),
        options
      ),
    release: async (a, options) => await on(a, 'release', [], '', effects.released, options),
    refund: async (a, amount, options) => await on(a, 'refund', [amount], '', effects.refunded, options),
    cancel: async (a, release, providerSig, options) =>
      await on(a, 'cancel', [release, providerSig, '0x'], '', effects.cancelled, options),
    dispute: async (a, options) => await on(a, 'dispute', [], '', effects.disputed, options),
    rule: async (a, providerBps, slashBps, options) =>
      await on(a, 'rule', [providerBps, slashBps], '', effects.ruled, options),
    split: async (a, options) => await on(a, 'split', [], '', effects.split, options)
  }
}

export function stakeActions(parts: ActionParts): StakeActions {
  const { reads, address } = parts
  const act = actor(parts)
  return {
    register: async (peerKey, beneficiary, options) => {
      const done: Done = async o => {
        const known = await reads.peerOf(address, o)
        return known.peerKey === peerKey && known.beneficiary.toLowerCase() === beneficiary.toLowerCase()
      }
      await act('Registry', 'register', [peerKey, beneficiary], `${peerKey}/${beneficiary}`, done, options)
    },
    stake: async (amount, options) => {
      await act('Registry', 'stake', [amount], amount.toString(), undefined, options)
    },
    unstake: async (amount, options) => {
      await act('Registry', 'unstake', [amount], amount.toString(), undefined, options)
    },
    claimStake: async options => {
      const done: Done = async o => (await reads.stakeOf(address, o)).unbonding === 0n
      await act('Registry', 'claim', [], '', done, options)
    }
  }
}
