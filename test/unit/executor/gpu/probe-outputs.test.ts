import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { parseAmdSmi, parseRocm } from '../../../../src/executor/gpu/amd.ts'
import { parseApple } from '../../../../src/executor/gpu/apple.ts'
import { deviceNodes } from '../../../../src/executor/gpu/devices.ts'
import { parseDrm, type DrmCard } from '../../../../src/executor/gpu/drm.ts'
import { parseNvidia } from '../../../../src/executor/gpu/nvidia.ts'
import { GiB, MiB } from '../../../../src/protocol/limits.ts'
import type { Gpu } from '../../../../src/protocol/ports/gpu.ts'

/** What a tool printed on some machine; `recorded` names the file below test/fixtures/gpu. */
const recorded = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/gpu/${name}`, import.meta.url), 'utf8')

/** No figure out of bounds and no text that could hurt a terminal or a record. */
function sane(gpus: readonly Gpu[]): void {
  expect(gpus.length).to.be.at.most(64)
  for (const g of gpus) {
    expect(g.model).to.match(/^[\x20-\x7e]{1,64}$/)
    expect(g.id).to.match(/^[A-Za-z0-9:._-]{1,64}$/)
    expect(g.index).to.satisfy((n: number) => Number.isInteger(n) && n >= 0)
    for (const n of [g.memoryBytes, g.freeBytes]) if (n !== undefined) expect(n).to.be.within(0, 4 * 2 ** 40)
    if (g.utilisation !== undefined) expect(g.utilisation).to.be.within(0, 100)
    if (g.temperature !== undefined) expect(g.temperature).to.be.within(0, 150)
    if (g.watts !== undefined) expect(g.watts).to.be.within(0, 4_000)
    if (g.driver !== undefined) expect(g.driver).to.match(/^[A-Za-z0-9:._-]{1,64}$/)
  }
  expect(new Set(gpus.map(g => g.id)).size).to.equal(gpus.length)
}

describe('nvidia-smi as recorded', () => {
  it('one card', () => {
    expect(parseNvidia(recorded('nvidia-one.csv'))).to.deep.equal([
      {
        ...{ vendor: 'nvidia', index: 0, id: 'GPU-5f1c8a0e-6a3c-9c1a-7d1f-0f0e1c2d3b4a' },
        ...{ model: 'NVIDIA GeForce RTX 4090', memoryBytes: 24_564 * MiB, freeBytes: 23_998 * MiB },
        ...{ driver: '560.35.03', utilisation: 3, temperature: 41, watts: 60, split: false }
      }
    ])
  })
  it('eight cards, one of them split into instances', () => {
    const gpus = parseNvidia(recorded('nvidia-eight.csv'))
    expect(gpus.map(g => g.index)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])
    expect(gpus.filter(g => g.split).map(g => g.index)).to.deep.equal([3])
    expect(gpus[2]).to.include({ utilisation: 98, temperature: 67, freeBytes: 12_034 * MiB })
  })
  it('cards that tell little: [N/A] and [Not Supported] are unknown, not zero', () => {
    const [orin, gb10] = parseNvidia(recorded('nvidia-na.csv'))
    expect(orin).to.include({ model: 'Orin (nvgpu)', memoryBytes: undefined, utilisation: undefined })
    expect(gb10).to.include({ memoryBytes: undefined, utilisation: 0, temperature: 44, watts: undefined })
  })
  it('a driver that does not answer is no card; one lost and one cut-off line leave the third', () => {
    expect(parseNvidia(recorded('nvidia-broken.csv'))).to.deep.equal([])
    expect(parseNvidia(recorded('nvidia-lost.csv')).map(g => g.model)).to.deep.equal(['NVIDIA RTX A6000'])
    expect(parseNvidia('')).to.deep.equal([])
  })
  it('hostile text is cut to what is printable and bounded, impossible figures are unknown, twins and paths are dropped', () => {
    const gpus = parseNvidia(recorded('nvidia-hostile.csv'))
    sane(gpus)
    expect(gpus).to.have.length(1)
    expect(gpus[0]).to.include({ memoryBytes: undefined, freeBytes: undefined, driver: undefined })
    expect(gpus[0]).to.include({ utilisation: undefined, temperature: undefined, watts: undefined })
  })
})

describe('AMD tools as recorded', () => {
  it('rocm-smi: two cards after a warning', () => {
    const [xtx, mi] = parseRocm(recorded('rocm-two.json'))
    expect(xtx).to.include({
      model: 'Radeon RX 7900 XTX',
      id: '0x7b1c5e4d2a3f9081',
      temperature: 44,
      watts: 17,
      driver: '6.7.0'
    })
    expect(xtx?.freeBytes).to.equal(25_753_026_560 - 27_299_840)
    expect(mi).to.include({ index: 1, utilisation: 97, temperature: undefined, watts: 212 })
  })
  it('rocm-smi: cut off is nothing, hostile is harmless', () => {
    expect(parseRocm(recorded('rocm-cut.json'))).to.deep.equal([])
    const gpus = parseRocm(recorded('rocm-hostile.json'))
    sane(gpus)
    expect(gpus).to.have.length(1)
    expect(gpus[0]).to.include({ id: 'amd-0', freeBytes: undefined, utilisation: undefined })
  })
  it('amd-smi: static and metric together; N/A, twins and nonsense', () => {
    const gpus = parseAmdSmi(recorded('amd-smi-static.json'), recorded('amd-smi-metric.json'))
    sane(gpus)
    expect(gpus).to.have.length(2)
    expect(gpus[0]).to.include({
      model: 'AMD Instinct MI300X',
      id: '0000:05:00.0',
      temperature: 46,
      watts: 141
    })
    expect(gpus[0]?.memoryBytes).to.equal(196_592 * MiB)
    expect(gpus[0]?.freeBytes).to.equal(196_309 * MiB)
    expect(gpus[1]).to.include({
      model: 'AMD GPU',
      id: 'amd-1',
      memoryBytes: undefined,
      freeBytes: undefined
    })
    const wrapped = `{"gpu_data": ${recorded('amd-smi-static.json')}}`
    expect(parseAmdSmi(wrapped, 'not JSON')).to.have.length(2)
  })
})

describe('Apple and the kernel as recorded', () => {
  it('system_profiler: Apple, Intel with AMD, hostile', () => {
    expect(parseApple(recorded('apple-m3.json'))).to.have.length(1)
    expect(parseApple(recorded('apple-m3.json'))[0]).to.include({
      model: 'Apple M3 Max',
      memoryBytes: undefined
    })
    const two = parseApple(recorded('apple-intel.json'))
    expect(two.map(g => g.memoryBytes)).to.deep.equal([1536 * MiB, 8 * GiB])
    sane(parseApple(recorded('apple-hostile.json')))
    expect(parseApple(recorded('apple-hostile.json')).map(g => g.memoryBytes)).to.deep.equal([
      undefined,
      undefined
    ])
    expect(parseApple('{"SPDisplaysDataType": 5}')).to.deep.equal([])
  })
  it('/sys/class/drm: Intel and AMD; virtual cards, odd nodes and impossible figures', () => {
    const gpus = parseDrm(JSON.parse(recorded('drm.json')) as DrmCard[])
    sane(gpus)
    expect(gpus.map(g => [g.vendor, g.index])).to.deep.equal([
      ['intel', 0],
      ['amd', 1],
      ['amd', 3]
    ])
    expect(gpus[1]).to.include({ temperature: 44, watts: 23, utilisation: 7, memoryBytes: 25_753_026_560 })
    expect(gpus[2]).to.include({ id: 'renderD131', memoryBytes: undefined, utilisation: undefined })
  })
  it('any text at all gives sane cards or none', () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('[N/A]', 'GPU-1', '0', '1', 'Enabled', ',')
    )
    const line = fc.array(cell, { maxLength: 12 }).map(c => c.join(', '))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 80 }), fc.jsonValue(), (lines, json) => {
        const text = JSON.stringify(json)
        sane(parseNvidia(lines.join('\n')))
        for (const t of [text, `{"card0": ${text}, "SPDisplaysDataType": [${text}]}`]) {
          sane(parseRocm(t))
          sane(parseApple(t))
          sane(parseAmdSmi(`[{"gpu": 0, "asic": ${t}, "vram": {"size": ${t}}, "bus": ${t}}]`, t))
        }
      }),
      { numRuns: 200 }
    )
  })
})

describe('device nodes for the sandbox', () => {
  it('are those of one GPU and what its vendor shares, nobody else', () => {
    expect(deviceNodes({ vendor: 'nvidia', index: 2 })).to.deep.equal([
      ...[
        '/dev/nvidia2',
        '/dev/nvidiactl',
        '/dev/nvidia-uvm',
        '/dev/nvidia-uvm-tools',
        '/dev/nvidia-modeset'
      ],
      '/dev/dri'
    ])
    expect(deviceNodes({ vendor: 'amd', index: 1 })).to.deep.equal(['/dev/kfd', '/dev/dri/renderD129'])
    expect(deviceNodes({ vendor: 'intel', index: 0 })).to.deep.equal(['/dev/dri/renderD128'])
    expect(deviceNodes({ vendor: 'apple', index: 0 })).to.deep.equal([])
  })
})
