import { expect } from 'chai'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../../../src/peer/home/config.ts'
import { hottest, onBattery, systemMachine } from '../../../../src/peer/policy/adapters/machine.ts'
import { PolicyKeeper } from '../../../../src/peer/policy/keeper.ts'
import type { MachineState } from '../../../../src/peer/policy/machine-port.ts'
import { ManualClock } from '../../../support/clock.ts'
import { noLog } from '../../../support/tasks.ts'

const MACHINE: MachineState = {
  ...{ load: 0.1, cores: 4, userIdleMs: undefined, onBattery: false, cpuTemperature: 40 }
}

describe('the keeper of the policy', () => {
  const meta = new Map<string, Uint8Array>()
  const keepers: PolicyKeeper[] = []
  let clock: ManualClock
  let text: string
  let machine: MachineState
  let running: number
  let changed: number
  const settlement: { generation: 1 | 2 } = { generation: 2 }
  beforeEach(() => {
    meta.clear()
    clock = new ManualClock()
    text = ''
    machine = MACHINE
    running = 0
    changed = 0
    settlement.generation = 2
  })
  afterEach(async () => {
    for (const k of keepers.splice(0)) await k.stop()
    expect(clock.pending).to.equal(0)
  })

  const read = () => loadConfig({ text, path: 'config.yaml' }, {})
  async function keeper(): Promise<PolicyKeeper> {
    const k = new PolicyKeeper({
      ...{ clock, log: noLog, settlement, config: read().provider, reload: async () => read() },
      journal: { meta: async name => meta.get(name), putMeta: async (name, v) => void meta.set(name, v) },
      machine: { look: async () => machine },
      running: () => running,
      gpuTemperature: () => undefined,
      gpuWatts: () => undefined,
      changed: () => void changed++
    })
    keepers.push(k)
    await k.start()
    return k
  }
  const reason = (k: PolicyKeeper): string => {
    const v = k.verdict()
    return v.ok ? 'ok' : v.reason
  }

  it('takes nothing on where the contracts are of an older generation, whatever the owner says', async () => {
    const k = await keeper()
    settlement.generation = 1
    expect(reason(k)).to.match(/generation 1/)
    settlement.generation = 2
    expect(reason(k)).to.equal('ok')
  })

  it('a change of config.yaml counts within seconds, without a restart', async () => {
    const k = await keeper()
    expect(reason(k)).to.equal('ok')
    const before = changed
    text = 'provider: { ask: 0.5, policy: { temperature: { cpu: 39 } } }'
    await clock.advance(5_000)
    expect(reason(k)).to.match(/40/)
    expect(k.provider.ask).to.equal(5n * 10n ** 17n)
    expect(changed).to.equal(before + 1)
    await clock.advance(20_000)
    expect(changed).to.equal(before + 1)
  })

  it('a file that is wrong changes nothing and is said', async () => {
    text = 'provider: { policy: { deny: ["0x00112233445566778899aabbccddeeff00112233"] } }'
    const k = await keeper()
    text = 'provider: { policy: { hours: ["late"] } }'
    await clock.advance(5_000)
    expect(k.trouble).to.match(/22:00-06:00/)
    expect(k.provider.policy.deny).to.have.length(1)
    text = ''
    await clock.advance(5_000)
    expect(k.trouble).to.equal(undefined)
  })

  it('a pause is at once, ends by itself or by resume, and outlives a restart', async () => {
    const k = await keeper()
    await k.pause(60_000)
    expect(reason(k)).to.match(/paused for another 1m/)
    await clock.advance(60_000)
    expect(reason(k)).to.equal('ok')
    await k.pause()
    const again = await keeper()
    expect(reason(again)).to.equal('paused')
    expect(again.pausedUntil).to.equal(Infinity)
    await again.resume()
    expect(reason(again)).to.equal('ok')
    expect(reason(await keeper())).to.equal('ok')
  })

  it('the load of our own tasks is no reason against more', async () => {
    text = 'provider: { policy: { idle: { load: 0.5 } } }'
    machine = { ...MACHINE, load: 1.2 }
    const k = await keeper()
    expect(reason(k)).to.match(/busy/)
    running = 3
    expect(reason(k)).to.equal('ok')
  })
})

describe('what the machine tells', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'shoal-power-'))
  })
  after(() => rm(root, { recursive: true }))
  async function device(name: string, files: Record<string, string>): Promise<void> {
    await mkdir(join(root, name), { recursive: true })
    for (const [file, data] of Object.entries(files)) await writeFile(join(root, name, file), data)
  }

  it('battery: a mains plug that is online wins; a mouse with a battery is none', async () => {
    await device('hidpp_0', { type: 'Battery\n', scope: 'Device\n' })
    expect(await onBattery(root)).to.equal(false)
    await device('BAT0', { type: 'Battery\n', status: 'Discharging\n' })
    await device('AC', { type: 'Mains\n', online: '0\n' })
    expect(await onBattery(root)).to.equal(true)
    await device('AC', { type: 'Mains\n', online: '1\n' })
    expect(await onBattery(root)).to.equal(false)
  })

  it('temperature: the hottest sensor that makes sense', async () => {
    await device('thermal_zone0', { temp: '45000\n' })
    await device('thermal_zone1', { temp: '61500\n' })
    await device('thermal_zone2', { temp: '-274000\n' })
    await device('thermal_zone3', { temp: '255000\n' })
    expect(await hottest(root)).to.equal(61.5)
    expect(await hottest(join(root, 'nothing'))).to.equal(undefined)
  })

  it('this very machine answers', async () => {
    const state = await systemMachine.look(new AbortController().signal)
    expect(state.cores).to.be.at.least(1)
    if (process.platform === 'linux') expect(state.load).to.be.at.least(0)
  })
})
