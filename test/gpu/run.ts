/** `npm run test:gpu`: detection, leases and capacity challenges on the real GPUs of this machine; where there are none it says so and ends well. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { systemGpus } from '../../src/executor/gpu/adapters/probe.ts'
import { GpuSlots } from '../../src/executor/gpu/slots.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import type { Gpu } from '../../src/protocol/ports/gpu.ts'
import { formatSize } from '../../src/protocol/units.ts'
import { noLog } from '../support/tasks.ts'
import { challengeGpu } from './challenge.ts'

const { signal } = new AbortController()

function show(g: Gpu): void {
  const size = (n: number | undefined): string => (n === undefined ? 'unknown' : formatSize(n))
  console.log(
    `${g.vendor} ${g.index}: ${g.model}, ${size(g.memoryBytes)} (${size(g.freeBytes)} free), ${g.temperature ?? '?'} °C, ` +
      `${g.utilisation ?? '?'} % busy, driver ${g.driver ?? 'unknown'}, ${g.id}${g.split ? ', split (MIG)' : ''}`
  )
}

async function main(): Promise<void> {
  const begun = systemClock.monotonic()
  const gpus = await systemGpus.look(signal)
  console.log(`looked for GPUs in ${Math.round(systemClock.monotonic() - begun)} ms`)
  if (gpus.length === 0) {
    console.log(
      'skipped: no GPU here. On a machine with one, its driver brings nvidia-smi, amd-smi or /sys/class/drm.'
    )
    return
  }
  gpus.forEach(show)
  const again = await systemGpus.look(signal)
  assert.deepEqual(
    again.map(g => g.id),
    gpus.map(g => g.id),
    'a second look finds the same'
  )
  const slots = new GpuSlots({ probe: systemGpus, clock: systemClock, log: noLog, changed: () => undefined })
  await slots.refresh(signal)
  const fit = slots.list().filter(s => s.unfit === undefined).length
  const leases = []
  for (let i = 0; i < fit; i++) leases.push(await slots.lease(`job ${i}`, 0, signal))
  assert.equal(new Set(leases.map(l => l?.id)).size, fit, 'each is leased once')
  assert.equal(await slots.lease('one more', 0, signal), undefined, 'there is none left')
  for (const l of leases) {
    const there = (l?.devices ?? []).filter(d => existsSync(d))
    console.log(`${l?.id}: ${there.join(' ') || 'no device node'}`)
    await l?.release(signal)
  }
  const left = slots.list().filter(s => s.unfit !== undefined)
  for (const s of left) console.log(`unfit: ${s.gpu.id}: ${s.unfit}`)
  assert.equal(left.length, slots.list().length - fit, 'a job that did nothing leaves nothing behind')
  console.log(`${fit} of ${gpus.length} leased, looked at and given back`)
  await challengeGpu(slots, signal)
}

main().catch((e: unknown) => {
  console.error(e)
  process.exit(1)
})
