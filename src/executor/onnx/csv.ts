/** Tables of numbers as text: one row a line, commas between. A first line that holds no number is a head and is left out. */
import { ShoalError } from '../../protocol/errors.ts'
import { rowSize, type Tensor } from './tensor.ts'

const VALUES_MAX = 50_000_000

const refuse = (name: string, what: string): never => {
  throw new ShoalError('LIMIT_INPUT', `${name.slice(0, 100)} ${what}.`, {
    next: 'Write numbers with commas between them, the same count in every line.'
  })
}

const isNumber = (cell: string): boolean => cell !== '' && Number.isFinite(Number(cell))

/** Rows and columns as 32 bit floats; one column alone is a plain list. LIMIT_INPUT for anything else. */
export function parseCsv(bytes: Uint8Array, name: string): Tensor {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/)
  while (lines.at(-1)?.trim() === '') lines.pop()
  const cells = (line: string): string[] => line.split(',').map(c => c.trim())
  const head = cells(lines[0] ?? '')
  const first = head.some(isNumber) ? 0 : 1
  if (head.length * lines.length > VALUES_MAX) return refuse(name, `has more than ${VALUES_MAX} values`)
  const data = new Float32Array(head.length * Math.max(0, lines.length - first))
  for (let i = first; i < lines.length; i++) {
    const row = cells(lines[i] ?? '')
    if (row.length !== head.length)
      return refuse(name, `has ${row.length} values in line ${i + 1}, but ${head.length} before`)
    for (const [j, cell] of row.entries()) {
      if (!isNumber(cell)) return refuse(name, `has no number in line ${i + 1}, column ${j + 1}`)
      data[(i - first) * head.length + j] = Number(cell)
    }
  }
  const rows = lines.length - first
  return { dims: head.length === 1 ? [rows] : [rows, head.length], data }
}

/** One line for each row. Floats in the shortest form that reads back as the same value. */
export function formatCsv(t: Tensor): Uint8Array {
  const size = t.dims.length < 2 ? 1 : rowSize(t)
  const lines: string[] = []
  for (let i = 0; i < t.data.length; i += size)
    lines.push(Array.from(t.data.subarray(i, i + size), String).join(','))
  return new TextEncoder().encode(lines.length === 0 ? '' : lines.join('\n') + '\n')
}
