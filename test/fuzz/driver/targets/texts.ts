/** What people write and what other programs answer: job, config, settings and network files, key files, flags, JSON-RPC, the API's bodies. */
import { readFileSync } from 'node:fs'
import { createApi } from '../../../../src/api/app.ts'
import type { Service } from '../../../../src/api/service.ts'
import { parseFilter } from '../../../../src/cli/offers/filter.ts'
import { sinceOf } from '../../../../src/cli/logs/lines.ts'
import { loadSettings } from '../../../../src/cli/settings/load.ts'
import type { Cli } from '../../../../src/cli/context.ts'
import { cidOfDigest } from '../../../../src/p2p/dht.ts'
import { loadConfig } from '../../../../src/peer/home/config.ts'
import { parseKeyFile, sealSecrets } from '../../../../src/peer/home/keystore.ts'
import { parseJobFile } from '../../../../src/peer/jobfile/parse.ts'
import type { ErrorCode } from '../../../../src/protocol/errors.ts'
import { parseAmount } from '../../../../src/protocol/money.ts'
import { parseDuration, parseGas, parseSize } from '../../../../src/protocol/units.ts'
import { formatNetwork, loadNetwork } from '../../../../src/settlement/network.ts'
import { ARBITER, filled, hex, person } from '../../../support/records.ts'
import { memoryFile } from '../../../support/memory-files.ts'
import { json, words, yaml } from '../formats/text.ts'
import { forgetsToCatch, slowOnLength, trustsShape } from '../plants.ts'
import type { Decode, Format, Target } from '../target.ts'

const utf8 = new TextEncoder()
const said = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const CONFIG = `profile: full
chain: { rpcUrl: http://127.0.0.1:8545, poll: 500ms }
p2p: { listen: [/ip4/127.0.0.1/tcp/0], bootstrap: [] }
provider: { slots: 2, ask: 0.0002, memory: 1GiB, energy: grid }
lease: 6s
log: { level: info }
`
const SETTINGS = 'profile: lab\nmaxPrice: "0.5"\nmaxTime: 10m\n'

function target(
  name: string,
  format: Format,
  seeds: readonly string[],
  decode: Decode,
  codes: readonly ErrorCode[],
  plant: (d: Decode) => Target['plant']
): Target {
  const max = 16 * 1024
  return {
    name,
    format,
    seeds: seeds.map(s => utf8.encode(s)),
    decode,
    codes,
    wire: false,
    max,
    plant: plant(decode)
  }
}

/** A project's own settings, found in the current folder; the user has none. */
const settings: Decode = async bytes => {
  const { stat, read } = memoryFile(bytes, 1 << 20)
  const files = {
    read,
    stat: async (path: string) => (path.endsWith('.shoal.yaml') ? await stat(path) : undefined)
  }
  return await loadSettings({
    files,
    env: { HOME: '/home/x' },
    cwd: '/work',
    process: { platform: 'linux' }
  } as unknown as Cli)
}

const TOKEN = 'ab'.repeat(32)
/** The API's own app in front of a peer that takes whatever got so far. */
function api(): Decode {
  const taken = async () => ({})
  const service = {
    submit: taken,
    deposit: taken,
    withdraw: taken,
    find: taken,
    get: taken
  } as unknown as Service
  const app = createApi(service, TOKEN, '1')
  const paths = ['/v1/jobs', '/v1/wallet/deposit', '/v1/wallet/withdraw', `/v1/jobs/${hex(1)}/get`]
  return async bytes => {
    const headers = {
      host: '127.0.0.1',
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json'
    }
    const path = paths[bytes.length % paths.length] ?? ''
    const response = await app.request(path, { method: 'POST', headers, body: said(bytes) })
    if (response.status >= 500) throw new Error(`answered ${response.status}: ${await response.text()}`)
  }
}

const job = (name: string): string =>
  readFileSync(new URL(`../../../../examples/${name}/job.yaml`, import.meta.url), 'utf8')

export async function textTargets(): Promise<Target[]> {
  const p = person(1)
  const address = p.operator.address
  const network = formatNetwork({
    chainId: 31_337n,
    token: address,
    vault: address,
    escrow: address,
    registry: address,
    arbiter: ARBITER,
    feeBps: 100,
    fromBlock: 0
  })
  const secrets = { identity: filled(1), operator: filled(2), recipient: filled(3) }
  const keys = await sealSecrets(
    secrets,
    { peer: p.identity.peerId, operator: address },
    'secret',
    { bytes: n => filled(7, n), fraction: () => 0 },
    2
  )
  const units: Decode = bytes => {
    const [kind = '', value = ''] = said(bytes).split('=')
    if (kind === 'size') return parseSize(value)
    if (kind === 'duration') return parseDuration(value)
    if (kind === 'gas') return parseGas(value)
    return kind === 'since' ? sinceOf(value, 1e12) : parseAmount(value)
  }
  return [
    target(
      'job file',
      yaml,
      ['wordcount', 'pathtrace', 'nbody'].map(job),
      b => parseJobFile(said(b), 'job.yaml'),
      ['JOB_FILE_INVALID'],
      d => trustsShape(d, 'task:')
    ),
    target(
      'config file',
      yaml,
      [CONFIG],
      b => loadConfig({ text: said(b), path: 'config.yaml' }, {}),
      ['CONFIG_INVALID'],
      d => trustsShape(d, 'chain')
    ),
    target('settings file', yaml, [SETTINGS], settings, ['CONFIG_INVALID'], d => trustsShape(d, 'maxTime')),
    target('network file', json, [network], b => loadNetwork(said(b)), ['CONFIG_INVALID'], forgetsToCatch),
    target(
      'key file',
      json,
      [JSON.stringify(keys)],
      b => parseKeyFile(said(b), 'keys.json'),
      ['CONFIG_INVALID'],
      forgetsToCatch
    ),
    target(
      'API bodies',
      json,
      [
        '{"file":"a","path":"b","folder":"c","out":"d"}',
        '{"amount":"1","to":"' + address + '"}',
        '{"out":"x"}'
      ],
      api(),
      [],
      forgetsToCatch
    ),
    target(
      'offer filter',
      words,
      ['memory:1GiB.. price<0.5 region=eu', 'slots>=2 speed:10..20 engine=wasm'],
      b => parseFilter(said(b)),
      ['USAGE'],
      d => slowOnLength(d, 60)
    ),
    target(
      'units and amounts',
      words,
      [
        'size=1.5GiB',
        'duration=10m',
        'gas=20e9',
        'amount=0.000000000000000001',
        'since=2026-11-24T18:00:00Z'
      ],
      units,
      ['USAGE', 'JOB_FILE_INVALID', 'CONFIG_INVALID'],
      d => trustsShape(d, '=')
    ),
    target(
      'DHT key',
      words,
      [hex(1), hex(0xab).slice(2)],
      b => cidOfDigest(said(b)),
      ['RECORD_INVALID'],
      d => slowOnLength(d, 67)
    )
  ]
}
