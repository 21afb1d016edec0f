import { expect } from 'chai'
import { parseHours } from '../../../../src/peer/policy/hours.ts'
import { policyVerdict, type Facts, type Policy } from '../../../../src/peer/policy/verdict.ts'
import type { Address } from '../../../../src/protocol/ids.ts'
import { addressOf, NOW } from '../../../support/records.ts'

const policy = (p: Partial<Policy> = {}): Policy => ({
  ...{ hours: [], idle: {}, power: 'any', temperature: {}, watts: {}, deny: [] },
  ...p
})
const facts = (f: Partial<Facts> = {}): Facts => ({
  ...{ now: NOW, wall: { day: 1, minute: 600 }, pausedUntil: undefined, load: 0.1, userIdleMs: 3_600_000 },
  ...{ onBattery: false, cpuTemperature: 50, gpuTemperature: 60, gpuWatts: 60 },
  ...f
})
const [friend, foe] = [addressOf('friend'), addressOf('foe')]
const said = (p: Partial<Policy>, f: Partial<Facts> = {}, operator?: Address, engine = 'wasm'): string => {
  const v = policyVerdict(policy(p), facts(f), operator === undefined ? undefined : { operator, engine })
  return v.ok ? 'ok' : v.reason
}

describe("the owner's policy", () => {
  it('says nothing against work when it says nothing', () => {
    expect(said({})).to.equal('ok')
    expect(said({}, { onBattery: true, load: 9, cpuTemperature: 99 }, foe)).to.equal('ok')
  })
  it('pause: without an end, for a time, and over', () => {
    expect(said({}, { pausedUntil: Infinity })).to.equal('paused')
    expect(said({}, { pausedUntil: NOW + 7_200_000 })).to.equal('paused for another 2h00m')
    expect(said({}, { pausedUntil: NOW })).to.equal('ok')
  })
  it('hours', () => {
    const hours = [parseHours('tue 09:00-11:00')]
    expect(said({ hours })).to.equal('ok')
    expect(said({ hours }, { wall: { day: 2, minute: 600 } })).to.match(/hours/)
  })
  it('only when idle: load by others and the user, each on its own, unknown forbids nothing', () => {
    expect(said({ idle: { load: 0.5 } }, { load: 0.6 })).to.match(/busy: load 0\.60/)
    expect(said({ idle: { load: 0.5 } }, { load: 0.5 })).to.equal('ok')
    expect(said({ idle: { user: 60_000 } }, { userIdleMs: 59_999 })).to.match(/somebody/)
    expect(said({ idle: { user: 60_000 } }, { userIdleMs: 60_000 })).to.equal('ok')
    expect(said({ idle: { load: 0.5, user: 60_000 } }, { load: undefined, userIdleMs: undefined })).to.equal(
      'ok'
    )
  })
  it('mains only: on battery, and where it cannot be told', () => {
    expect(said({ power: 'ac' })).to.equal('ok')
    expect(said({ power: 'ac' }, { onBattery: true })).to.equal('on battery')
    expect(said({ power: 'ac' }, { onBattery: undefined })).to.match(/cannot be told/)
  })
  it('power: what the GPUs draw together, above the cap and not at it', () => {
    expect(said({ watts: { gpu: 500 } }, { gpuWatts: 500.6 })).to.match(/GPUs draw 501 W/)
    expect(said({ watts: { gpu: 500 } }, { gpuWatts: 500 })).to.equal('ok')
    expect(said({ watts: { gpu: 1 } }, { gpuWatts: undefined })).to.equal('ok')
  })

  it('temperatures: above the cap, not at it, unknown forbids nothing', () => {
    expect(said({ temperature: { cpu: 80 } }, { cpuTemperature: 80.1 })).to.match(/processor is at 80\.1/)
    expect(said({ temperature: { cpu: 80 } }, { cpuTemperature: 80 })).to.equal('ok')
    expect(said({ temperature: { gpu: 80 } }, { gpuTemperature: 81 })).to.match(/GPU is at 81/)
    expect(
      said({ temperature: { cpu: 1, gpu: 1 } }, { cpuTemperature: undefined, gpuTemperature: undefined })
    ).to.equal('ok')
  })
  it('requesters: denied, not allowed, in any spelling; deny wins', () => {
    const upper = foe.toUpperCase().replace('0X', '0x')
    expect(said({ deny: [upper] }, {}, foe)).to.match(/denied/)
    expect(said({ deny: [upper] }, {}, friend)).to.equal('ok')
    expect(said({ allow: [friend] }, {}, friend)).to.equal('ok')
    expect(said({ allow: [friend] }, {}, foe)).to.match(/allowed/)
    expect(said({ allow: [] }, {}, friend)).to.match(/allowed/)
    expect(said({ allow: [foe], deny: [foe] }, {}, foe)).to.match(/denied/)
  })
  it('engines', () => {
    expect(said({ engines: ['onnx'] }, {}, friend, 'wasm')).to.match(/engine wasm/)
    expect(said({ engines: ['onnx'] }, {}, friend, 'onnx')).to.equal('ok')
    expect(said({ engines: ['onnx'] })).to.equal('ok')
  })
})
