/** What a peer under test does to the outputs of its engine: from rounding like another processor to plain lies. */
import { decodePng, encodePng } from '../../../src/executor/blender/png.ts'
import { formatNpy, parseNpy } from '../../../src/executor/onnx/npy.ts'
import { readModel } from '../../../src/executor/onnx/proto/model.ts'
import { packPng } from '../compare.ts'

type Change = (path: string, data: Uint8Array) => Uint8Array

/** The first byte is another. */
const flip: Change = (_, data) => Uint8Array.from(data, (b, i) => (i === 0 ? b ^ 1 : b))

const scaled = (values: Float32Array, by: number): Float32Array => values.map(v => v * (1 + by))

/** Every 32 bit float of arrays and models is off by this share of itself. */
const scale =
  (by: number): Change =>
  (path, data) => {
    if (path.endsWith('.npy')) {
      const { dims, data: values } = parseNpy(data, path)
      return values instanceof Float32Array ? formatNpy({ dims, data: scaled(values, by) }) : data
    }
    if (!path.endsWith('.onnx')) return data
    const copy = new Uint8Array(data)
    for (const { type, raw } of readModel(copy).weights)
      if (type === 1 && raw !== undefined)
        raw.set(new Uint8Array(scaled(new Float32Array(new Uint8Array(raw).buffer), by).buffer))
    return copy
  }

/** Equal pixels in a file that another program might write. */
const repack: Change = (path, data) => (path.endsWith('.png') ? packPng(decodePng(data)) : data)

/** A twentieth of the picture is painted over. */
const repaint: Change = (path, data) => {
  if (!path.endsWith('.png')) return data
  const p = decodePng(data)
  return encodePng({ ...p, data: p.data.map((v, i) => (i < p.data.length / 20 ? 255 - v : v)) })
}

export interface Alteration {
  readonly delayMs: number
  readonly change: Change
}

/** From a text such as `scale:1e-7,delay:5000`: changes in their order, and how long the result is held back. */
export function alteration(text: string): Alteration {
  let delayMs = 0
  const changes: Change[] = []
  for (const [name, value = ''] of text.split(',').map(part => part.split(':'))) {
    if (name === 'delay') delayMs = Number(value)
    else if (name === 'scale') changes.push(scale(Number(value)))
    else if (name === 'flip') changes.push(flip)
    else if (name === 'repack') changes.push(repack)
    else if (name === 'repaint') changes.push(repaint)
    else throw new Error(`no alteration ${name ?? ''}`)
  }
  return { delayMs, change: (path, data) => changes.reduce((d, f) => f(path, d), data) }
}
