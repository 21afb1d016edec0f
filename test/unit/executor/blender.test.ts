import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'
import { blenderCommand, rectOf, setup } from '../../../src/executor/blender/command.ts'
import { parseBlenderLine, parseVersion } from '../../../src/executor/blender/output.ts'
import { blenderPlan } from '../../../src/executor/blender/plan.ts'
import { decodePng, encodePng, type Pixels } from '../../../src/executor/blender/png.ts'
import { parseSettings, unitsOf } from '../../../src/executor/blender/settings.ts'
import { overall } from '../../../src/executor/native/command-plan.ts'
import { thrown } from '../../support/failures.ts'

const recorded = (name: string): string[] =>
  readFileSync(new URL(`../../fixtures/blender/${name}`, import.meta.url), 'utf8').split('\n')

describe('settings of a render', () => {
  it('are numbers, with defaults', () => {
    const s = parseSettings([
      '--frames',
      '10-12',
      '--size',
      '320x180',
      '--samples',
      '8',
      '--tiles',
      '2x3',
      '--seed',
      '5'
    ])
    expect(s).to.deep.equal({
      firstFrame: 10,
      lastFrame: 12,
      width: 320,
      height: 180,
      columns: 2,
      rows: 3,
      samples: 8,
      seed: 5,
      threads: 1
    })
    expect(parseSettings([])).to.include({
      firstFrame: 1,
      lastFrame: 1,
      width: 640,
      height: 360,
      samples: 64
    })
  })

  for (const args of [
    ['--python', 'x.py'],
    ['--frames', '1; import os'],
    ['--frames', '5-1'],
    ['--frames', '-1'],
    ['--frames', '99999999'],
    ['--size', '0x10'],
    ['--size', '320'],
    ['--size', '99999x10'],
    ['--samples', '0'],
    ['--samples', '1e3'],
    ['--tiles', '65x1'],
    ['--tiles', '20x1', '--size', '10x10'],
    ['--seed', '-1'],
    ['--frames', '1-1000000'],
    ['--samples', '1', '--samples', '2'],
    ['--samples'],
    ['scene.blend']
  ])
    it(`refuse ${args.join(' ')}`, () => {
      expect(thrown(() => parseSettings(args), 'ARGS_INVALID').message).to.match(/^task\.args: /)
    })

  it('each picture belongs to one shard, whatever the number of shards', () => {
    const s = parseSettings(['--frames', '1-5', '--tiles', '2x2'])
    const all = unitsOf(s, 0, 1).map(u => u.file)
    expect(all.length).to.equal(20)
    expect(all.slice(0, 3)).to.deep.equal([
      'frame-0001-00-00.png',
      'frame-0001-00-01.png',
      'frame-0001-01-00.png'
    ])
    for (const shards of [2, 3, 7, 20, 33])
      expect(
        Array.from({ length: shards }, (_, i) => unitsOf(s, i, shards).map(u => u.file)).flat()
      ).to.deep.equal(all)
  })

  it('tiles cover every pixel of the frame once', () => {
    const s = parseSettings(['--size', '65x37', '--tiles', '4x3'])
    const covered = new Map<string, number>()
    for (const unit of unitsOf(s, 0, 1)) {
      const { x0, x1, y0, y1 } = rectOf(s, unit)
      for (let x = x0; x < x1; x++)
        for (let y = y0; y < y1; y++) covered.set(`${x},${y}`, (covered.get(`${x},${y}`) ?? 0) + 1)
    }
    expect(covered.size).to.equal(65 * 37)
    expect([...covered.values()].every(n => n === 1)).to.equal(true)
  })
})

describe('Blender’s command line', () => {
  const s = parseSettings(['--frames', '7', '--size', '64x36', '--samples', '3', '--seed', '11'])
  const [unit] = unitsOf(s, 0, 1)
  if (unit === undefined) throw new Error('no unit')
  const argv = blenderCommand('/usr/bin/blender', s, unit, '/t/module', '/t/work')

  it('never runs what is in the scene, and loads it before our settings', () => {
    expect(argv.slice(0, 8)).to.deep.equal([
      '/usr/bin/blender',
      '--background',
      '--factory-startup',
      '--disable-autoexec',
      '-noaudio',
      '--threads',
      '1',
      '/t/module'
    ])
    expect(argv).not.to.include('--enable-autoexec')
    expect(argv.indexOf('--python-expr')).to.be.greaterThan(argv.indexOf('/t/module'))
    expect(argv.indexOf('--python-exit-code')).to.be.lessThan(argv.indexOf('--python-expr'))
    expect(argv.at(-1)).to.equal('7')
  })

  it('our Python sets names and numbers and nothing else', () => {
    for (const line of setup(s, unit).split('\n').slice(1))
      expect(line).to.match(
        /^([src]|[a-z_.]+) = (True|False|\d+(\.\d+)?|'[A-Z0-9]+'|bpy\.context\.scene|s\.render|s\.cycles)$/
      )
    for (const needed of [
      'c.samples = 3',
      'c.seed = 11',
      'r.use_compositing = False',
      'r.use_freestyle = False',
      'c.shading_system = False'
    ])
      expect(setup(s, unit)).to.contain(needed)
  })

  it('a plan has a command for each picture of the shard', () => {
    const folders = {
      module: '/t/module',
      input: '/t/in',
      output: '/t/out',
      checkpoint: '/t/ckpt',
      work: '/t/work'
    }
    const plan = blenderPlan('/b', { args: ['--frames', '1-8'], shard: 2, shards: 4 }, folders)
    expect(plan.map(step => [step.title, step.makes?.file])).to.deep.equal([
      ['frame-0005', 'picture-0005.png'],
      ['frame-0006', 'picture-0006.png']
    ])
    expect(plan[0]?.env).to.have.keys('HOME', 'TMPDIR', 'LANG', 'PATH')
    expect(blenderPlan('/b', { args: [], shard: 1, shards: 4 }, folders)).to.deep.equal([])
  })
})

describe('what Blender prints', () => {
  it('a recorded render becomes progress that only grows', () => {
    const meanings = recorded('render-3.4.1.txt').map(line => parseBlenderLine('out', line))
    expect(meanings.flatMap(m => m.progress ?? [])).to.deep.equal([0, 1 / 16, 1])
    expect(meanings.flatMap(m => m.log ?? [])).to.deep.equal([])
  })

  it('a recorded failure becomes a line of log', () => {
    const logs = recorded('no-denoiser-3.4.1.txt').flatMap(line => parseBlenderLine('out', line).log ?? [])
    expect(logs).to.deep.equal(['Error: Build without OpenImageDenoiser'])
  })

  it('progress that cannot be is none', () => {
    for (const line of [
      'Fra:1 Mem:1M | Sample 5/0',
      'Fra:1 Mem:1M | Sample 9/4',
      'Sample 1/2',
      'Fra:1 | Sample 1/2 x'
    ])
      expect(parseBlenderLine('out', line).progress).to.equal(undefined)
    expect([overall(0, 0.5, 2), overall(1, 7, 2), overall(0, 0, 0)]).to.deep.equal([0.25, 1, 1])
  })

  it('its version', () => {
    expect(parseVersion('Blender 3.4.1\n\tbuild date: x\n')).to.equal('3.4.1')
    expect(parseVersion('bash: blender: not found')).to.equal(undefined)
  })
})

describe('pictures as pixels', () => {
  const pixels = (width: number, height: number, colour: 2 | 6, depth: 8 | 16): Pixels => {
    const bytesPerPixel = ((colour === 2 ? 3 : 4) * depth) / 8
    const data = Uint8Array.from(
      { length: width * height * bytesPerPixel },
      (_, i) => (i * i * 7 + (i >> 3)) & 255
    )
    return { width, height, bytesPerPixel, colour, depth, data }
  }

  /** A file of the same pixels as another program might write it: filters, compression, texts, several data chunks. */
  function otherFile(p: Pixels, filters: readonly number[]): Uint8Array {
    const row = p.width * p.bytesPerPixel
    const at = (x: number, y: number): number => (x < 0 || y < 0 ? 0 : (p.data[y * row + x] ?? 0))
    const raw: number[] = []
    for (let y = 0; y < p.height; y++) {
      const filter = filters[y % filters.length] ?? 0
      raw.push(filter)
      for (let x = 0; x < row; x++) {
        const [a, b, c] = [
          at(x - p.bytesPerPixel, y),
          at(x, y - 1),
          x < p.bytesPerPixel ? 0 : at(x - p.bytesPerPixel, y - 1)
        ]
        const q = a + b - c
        const [pa, pb, pc] = [Math.abs(q - a), Math.abs(q - b), Math.abs(q - c)]
        const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c
        raw.push((at(x, y) - ([0, a, b, (a + b) >> 1, paeth][filter] ?? 0)) & 255)
      }
    }
    const chunk = (type: string, data: Uint8Array): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
      const ends = Buffer.alloc(8)
      ends.writeUInt32BE(data.length, 0)
      ends.writeUInt32BE(crc32(body), 4)
      return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
    }
    const head = Buffer.alloc(13)
    head.writeUInt32BE(p.width, 0)
    head.writeUInt32BE(p.height, 4)
    head.set([p.depth, p.colour], 8)
    const packed = deflateSync(Uint8Array.from(raw))
    return Buffer.concat([
      encodePng(p).subarray(0, 8),
      chunk('IHDR', head),
      chunk('tEXt', Buffer.from('Date\0today')),
      chunk('IDAT', packed.subarray(0, 5)),
      chunk('IDAT', packed.subarray(5)),
      chunk('IEND', Buffer.alloc(0))
    ])
  }

  for (const [colour, depth] of [
    [2, 8],
    [6, 8],
    [2, 16],
    [6, 16]
  ] as const)
    it(`the file depends on the pixels alone (colour ${colour}, ${depth} bit)`, () => {
      const p = pixels(13, 9, colour, depth)
      expect(decodePng(encodePng(p))).to.deep.equal(p)
      for (const filters of [[0], [1], [2], [3], [4], [4, 3, 2, 1, 0]]) {
        const file = otherFile(p, filters)
        expect(decodePng(file), `filters ${filters}`).to.deep.equal(p)
        expect(encodePng(decodePng(file))).to.deep.equal(encodePng(p))
      }
    })

  it('a large picture takes several stored blocks', () => {
    const p = pixels(300, 200, 2, 8)
    expect(decodePng(encodePng(p)).data).to.deep.equal(p.data)
  })

  it('damaged, cut off, oversized and odd files are refused', () => {
    const good = encodePng(pixels(4, 4, 2, 8))
    for (let n = 0; n < good.length - 12; n++) thrown(() => decodePng(good.subarray(0, n)), 'TASK_FAILED')
    for (let i = 0; i < good.length - 12; i++)
      thrown(() => decodePng(Uint8Array.from(good, (b, j) => (i === j ? b ^ 1 : b))), 'TASK_FAILED')
    const bomb = otherFile({ ...pixels(4, 4, 2, 8), height: 2 }, [0])
    const claims = Buffer.from(bomb)
    claims.writeUInt32BE(1, 20) // the height: the data is then longer than it says
    claims.writeUInt32BE(crc32(claims.subarray(12, 29)), 29)
    expect(thrown(() => decodePng(claims), 'TASK_FAILED').message).to.contain('unpacked')
  })
})
