/** Plain tables for terminals and pipes. */
import Table from 'cli-table3'
import { clean } from '../command.ts'

const NONE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  '
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const t = new Table({
    head: [...head],
    chars: NONE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  })
  for (const row of rows) t.push(row.map(cell => clean(String(cell))))
  return t.toString()
}

/** The end of a peer id: the beginning is the same for all. */
export const shortPeer = (peer: string): string => `…${peer.slice(-8)}`
/** The beginning of a job id that commands accept. */
export const shortJob = (id: string): string => id.slice(0, 10)
