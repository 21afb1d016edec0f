/** IP addresses behind which many honest peers may stand: loopback, private and link-local networks. */
const LOCAL = [
  /^127\./,
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./, // shared by carriers' NATs (RFC 6598)
  /^::1$/,
  /^0:0:0:0:0:0:0:1$/,
  /^f[cd][0-9a-f]{2}:/i,
  /^fe[89ab][0-9a-f]:/i,
  /^::ffff:127\./i
]

export const isLocalAddress = (ip: string): boolean => LOCAL.some(pattern => pattern.test(ip))

/** A set that holds every local address: gossipsub's whitelist against counting peers of one machine or LAN as Sybils. */
export class LocalAddresses extends Set<string> {
  override has(ip: string): boolean {
    return isLocalAddress(ip)
  }
}
