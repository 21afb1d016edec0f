/** What a policy asks of the machine. Undefined where this machine cannot tell. */
export interface MachineState {
  /** Processes that want to run, the mean of a minute, for each core. */
  readonly load: number | undefined
  readonly cores: number
  /** Since a keyboard, mouse or terminal was used, ms. */
  readonly userIdleMs: number | undefined
  readonly onBattery: boolean | undefined
  /** Degrees Celsius of the hottest sensor. */
  readonly cpuTemperature: number | undefined
}

export interface MachinePort {
  look(signal: AbortSignal): Promise<MachineState>
}
