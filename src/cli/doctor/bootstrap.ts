/** The peers to begin with, when no peer runs that would know: whether anything listens there. */
import { listens } from '../adapters/machine.ts'
import { bad, note, ok, type Finding } from './check.ts'

/** Longest wait for one address, ms; all are asked at once. */
const WAIT_MS = 2_000
const NEXT =
  'Ask for a current address: shoal up prints it where the peer runs; then p2p.bootstrap, or --bootstrap MULTIADDR'

export interface Door {
  readonly host: string
  readonly port: number
}

/** Host and port of a multiaddr over TCP; undefined for another way. */
export function doorOf(multiaddr: string): Door | undefined {
  const [, way, host, transport, port] = multiaddr.split('/')
  const known = way === 'ip4' || way === 'ip6' || way === 'dns' || way === 'dns4' || way === 'dns6'
  if (!known || transport !== 'tcp' || host === undefined || !/^\d{1,5}$/.test(port ?? '')) return undefined
  return { host, port: Number(port) }
}

/** Nothing for a home that names none: a full peer may be the first of its network. */
export async function checkBootstrap(addresses: readonly string[], ask = listens): Promise<Finding[]> {
  const doors = addresses.flatMap(a => doorOf(a) ?? [])
  if (doors.length === 0)
    return addresses.length === 0
      ? []
      : [note('bootstrap', `${addresses.length}, none of which can be asked here`)]
  const answers = await Promise.all(doors.map(({ host, port }) => ask(host, port, WAIT_MS)))
  const answered = answers.filter(Boolean).length
  const said = `${answered} of ${doors.length} answer`
  return [answered === 0 ? bad('bootstrap', said, NEXT) : ok('bootstrap', said)]
}
