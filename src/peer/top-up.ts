/** Tops up the vault at start, so that an unattended provider has its bonds ready. */
import type { PeerContext } from './context.ts'

/** Deposits what is missing, as far as the wallet reaches. A failure is logged: the peer runs without it. */
export async function topUp(ctx: PeerContext, signal?: AbortSignal): Promise<void> {
  const wanted = ctx.config.wallet.autoDeposit
  if (wanted === 0n) return
  try {
    const { free, locked, wallet } = await ctx.settlement.account(undefined, { signal })
    const missing = wanted - free - locked
    const amount = missing < wallet ? missing : wallet
    if (amount > 0n) await ctx.settlement.deposit(amount, { signal })
  } catch (err) {
    if (signal?.aborted === true) throw err
    ctx.log.warn({ err }, 'the vault could not be topped up')
  }
}
