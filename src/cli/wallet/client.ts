/** The wallet's part of the local API without a server: the same calls, checked by the same schemas. */
import type { z } from 'zod'
import type { ApiClient } from '../../api/adapters/client.ts'
import type { MoneyCalls } from '../../api/money.ts'
import { amountBody, guardBody } from '../../api/schemas.ts'
import { ShoalError } from '../../protocol/errors.ts'

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ShoalError('USAGE', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

/** An equal transfer may be on its way, and nothing here would know. */
function refuseBlind(blind: ShoalError | undefined, again: boolean | undefined): void {
  if (blind === undefined || again === true) return
  throw new ShoalError(
    'JOURNAL_CORRUPT',
    `${blind.message}: so it is not known whether an equal transfer is on its way`,
    {
      next: 'Look at the balance with: shoal wallet. To send in any case, give the command again with --again.',
      cause: blind
    }
  )
}

/** `blind`: why what was sent before is not known; nothing is sent then without `again`. */
export function walletClient(calls: MoneyCalls, blind: ShoalError | undefined): Pick<ApiClient, 'call'> {
  const routes: Readonly<Record<string, (body: unknown, signal?: AbortSignal) => Promise<object>>> = {
    '/v1/wallet': () => calls.wallet(),
    '/v1/wallet/deposit': async (body, signal) => {
      const wish = read(amountBody, body)
      refuseBlind(blind, wish.again)
      return await calls.deposit({ ...wish, signal })
    },
    '/v1/wallet/withdraw': async (body, signal) => {
      const wish = read(amountBody, body)
      refuseBlind(blind, wish.again)
      return await calls.withdraw({ ...wish, signal })
    },
    '/v1/wallet/protect': async body => {
      const { beneficiary, limit, owner } = read(guardBody, body)
      return await calls.protect(beneficiary, limit, owner)
    }
  }
  return {
    call: async <T>(_method: string, path: string, body?: object, signal?: AbortSignal) => {
      const route = routes[path]
      if (route === undefined) throw new Error(`no call of the wallet: ${path}`)
      return (await route(body, signal)) as T
    }
  }
}
