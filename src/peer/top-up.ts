/** Tops up the vault at start, so that an unattended peer has its bonds and prices ready. */
import type { Startable } from '../protocol/ports/startable.ts'
import type { PeerContext } from './context.ts'

/** After a failure (a full disk, a chain that went away): how long until the next try, ms. */
const AGAIN_MS = 10_000

type Ports = Pick<PeerContext, 'clock' | 'config' | 'log' | 'settlement'>

/** The peer runs without it meanwhile. */
export class TopUp implements Startable {
  readonly #ports: Ports
  readonly #stop = new AbortController()
  #trying: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  async start(signal?: AbortSignal): Promise<void> {
    const { config, settlement } = this.#ports
    if (config.wallet.autoDeposit === 0n || settlement.generation === 1) return
    if (!(await this.#deposit(signal))) this.#trying = this.#again()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#trying
  }

  async #again(): Promise<void> {
    const { clock } = this.#ports
    const { signal } = this.#stop
    do await clock.sleep(AGAIN_MS, signal).catch(() => undefined)
    while (!signal.aborted && !(await this.#deposit(signal).catch(() => false)))
  }

  /**
   * Deposits what is missing, as far as the wallet reaches. False when that failed, or when a deposit of before is not over: what is
   * missing is known after it.
   */
  async #deposit(signal: AbortSignal | undefined): Promise<boolean> {
    const { settlement, config, log } = this.#ports
    if (settlement.underWay().some(a => a.what === 'deposit')) return false
    let over = true
    const joined = (): void => void (over = false)
    try {
      const { free, locked, wallet } = await settlement.account(undefined, { signal })
      const missing = config.wallet.autoDeposit - free - locked
      const amount = missing < wallet ? missing : wallet
      if (amount > 0n) await settlement.deposit(amount, { signal, joined })
      return over
    } catch (err) {
      if (signal?.aborted === true) throw err
      log.warn({ err }, 'the vault could not be topped up; trying again')
      return false
    }
  }
}
